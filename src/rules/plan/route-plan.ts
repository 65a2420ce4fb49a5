/** The types of a plan: the decision list between legacy rules and the documents of targets. */
import type { Term } from './plan-term.ts';
import type { TypedValue } from './typed-value.ts';

/** Version of the plan's JSON form; raised when a reader of the old form would misread the new one. */
export const ROUTE_PLAN_VERSION = 1;

/**
 * A script or rule as an ordered decision list: the FIRST rule whose conditions all hold decides the call.
 * Rules overlap on purpose (order replaces negation). The last rule has no conditions, so every call is decided.
 * All spans point into the file that was read (for URL and YAML carriers: into the script's own text, see `source.form`).
 */
export interface RoutePlan {
  readonly schemaVersion: typeof ROUTE_PLAN_VERSION;
  readonly source: PlanSource;
  readonly scope: PlanScope;
  readonly effect: PlanEffect;
  /** In order of first use. */
  readonly groups: readonly ProviderGroup[];
  readonly rules: readonly PlanRule[];
  /** Assumptions under which the plan equals the script; `exact` becomes at most `noted` through `kind: 'note'`. */
  readonly assumptions: readonly PlanAssumption[];
  /** Calls that the plan says nothing about; absent for none. */
  readonly callAssumptions?: readonly CallAssumption[];
  readonly notes: readonly PlanNote[];
}

/** Which kind of legacy rule it is: a script of the Dubbo script router, an HSF rule class, or a declarative rule. */
export type RuleKind =
  | 'dubbo-script'
  | 'hsf-routing-rule'
  | 'hsf-dpath-rule'
  | 'condition'
  | 'tag'
  /** Known, never converted. */
  | 'affinity'
  | 'hsf-same-room';

/** The carrier in which the file holds the rule. */
export type CarrierForm =
  | 'bare'
  | 'script-url'
  | 'script-yaml'
  | 'hsf-text'
  | 'condition-url'
  | 'condition-yaml'
  | 'tag-yaml'
  | 'affinity-yaml';

/** Where the plan comes from. `sha256` is of the rule's own text, not of the carrier. */
export interface PlanSource {
  readonly path: string;
  readonly kind: RuleKind;
  readonly form: CarrierForm;
  /** Language of a script (`groovy`, `javascript`); absent for declarative rules. */
  readonly language?: string;
  readonly sha256: string;
}

/** For whom the rule is, as far as the carrier says; null means that it does not say. */
export interface PlanScope {
  /** Provider application (`key` of a v3 rule, `case.app`). */
  readonly providerApp: string | null;
  /** Interface of a registry URL or of a service-scoped rule. */
  readonly service: string | null;
  readonly group: string | null;
  readonly version: string | null;
  /** The one consumer whose address a registry URL names. */
  readonly consumerHost?: string;
}

/**
 * A live rule changes where calls go. A dead rule loads but changes nothing: it returns its input, is disabled, or is
 * never called. A broken rule does not compile or load, or fails every call or push. Dead and broken rules must not
 * become live.
 */
export interface PlanEffect {
  readonly state: 'live' | 'dead' | 'broken';
  /** Reasons for the state, most important first; never empty unless live. */
  readonly reasons: readonly PlanNote[];
  /** Which runtimes still load this carrier at all. */
  readonly loadedBy: readonly EngineSupport[];
}

/** One runtime generation and whether it evaluates the rule: `{"engine":"dubbo 2.7.10-3.1","loads":false,"why":"..."}`. */
export interface EngineSupport {
  readonly engine: string;
  readonly loads: boolean;
  readonly why: string;
}

/** A place: line and column count from 1, `offset` and `end` are UTF-16 offsets into the rule's text, end exclusive. */
export interface PlanSpan {
  readonly offset: number;
  readonly end: number;
  readonly line: number;
  readonly column: number;
  readonly endLine: number;
  readonly endColumn: number;
}

/** One rule. `id` is `r1`, `r2`, ... in order. `span` is the statement that gave the outcome. */
export interface PlanRule {
  readonly id: string;
  readonly span: PlanSpan;
  /** All must hold. Empty = always. Only call leaves (and constants) occur in the terms. */
  readonly when: readonly PlanCondition[];
  readonly then: PlanOutcome;
  readonly notes: readonly PlanNote[];
}

/** Holds when the term's value passes the test. A term that is undefined (throws) fails every test. */
export interface PlanCondition {
  readonly term: Term;
  readonly test: PlanTest;
}

/**
 * Tests on a value. Groovy's `==` decides `eq`. A string constant equals that String, GString or Character. A number
 * equals every Number of equal value (1 == 1L == 1.0), and null equals null. No test but `is` and `eq` holds for null.
 * The classes of `is` are names of ValueClass. Numeric tests hold for Number classes only; text tests for String only.
 */
export type PlanTest =
  | { readonly op: 'is'; readonly classes: readonly ValueClass[] }
  | { readonly op: 'eq'; readonly values: readonly TypedValue[] }
  /** Decimal texts, null = unbounded. NaN counts as greater than every number, as in Double.compare. */
  | {
      readonly op: 'range';
      readonly min: string | null;
      readonly minOpen: boolean;
      readonly max: string | null;
      readonly maxOpen: boolean;
    }
  | { readonly op: 'prefix'; readonly text: string }
  | { readonly op: 'suffix'; readonly text: string }
  | { readonly op: 'contains'; readonly text: string }
  /** java.util.regex: `full` is matches(), `find` is find(). */
  | { readonly op: 'regex'; readonly pattern: string; readonly mode: 'full' | 'find' }
  | { readonly op: 'eqIgnoreCase'; readonly text: string }
  /** Groovy truth: a non-empty String, a number other than 0, true. */
  | { readonly op: 'truthy' }
  /** The term has a value (nothing threw while it was computed); null is a value. */
  | { readonly op: 'defined' }
  /** A relation to another term (not unary). `eq` and `ne` as Groovy `==`; `prefix`: the other term's text begins this one. */
  | {
      readonly op: 'relation';
      readonly rel:
        | 'eq'
        | 'lt'
        | 'le'
        | 'gt'
        | 'ge'
        | 'prefix'
        | 'suffix'
        | 'contains'
        | 'eqIgnoreCase'
        | 'regexFull'
        | 'regexFind';
      readonly other: Term;
    };

/** Run-time classes that a plan distinguishes; `other` is every class not listed (beans, enums, arrays, dates). */
export type ValueClass =
  | 'null'
  | 'java.lang.String'
  | 'java.lang.Integer'
  | 'java.lang.Long'
  | 'java.lang.Short'
  | 'java.lang.Byte'
  | 'java.lang.Double'
  | 'java.lang.Float'
  | 'java.math.BigDecimal'
  | 'java.math.BigInteger'
  | 'java.lang.Boolean'
  | 'java.lang.Character'
  | 'java.util.List'
  | 'java.util.Map'
  | 'other';

/** The outcome of a call that a rule decides. */
export type PlanOutcome =
  /**
   * Pick a choice by weight; weights are relative, and one choice often has weight 1. Then take the first group of its
   * chain that has a present provider. Past the end of the chain `otherwise` decides: all present providers, or none
   * (the call fails).
   */
  | { readonly kind: 'route'; readonly choices: readonly WeightedChoice[] }
  /** All present providers. `ignored`: because the script threw this exception class and the router ignores it. */
  | { readonly kind: 'all'; readonly ignored?: string }
  /** No provider: the call fails. */
  | { readonly kind: 'deny' }
  /** The call itself fails with this exception class. */
  | { readonly kind: 'error'; readonly exception: string }
  /** HSF: the push of the rule fails, the former addresses stay. */
  | { readonly kind: 'stale' }
  /** HSF DPath: the environment tag, null = none. */
  | { readonly kind: 'tag'; readonly tag: string | null }
  /** weir does not say what the script does here. */
  | { readonly kind: 'opaque'; readonly code: OpaqueCode; readonly reason: string; readonly span: PlanSpan };

/** One weighted choice: group ids in order of preference, then what is left when all of them are empty. */
export interface WeightedChoice {
  readonly weight: number;
  readonly chain: readonly string[];
  readonly otherwise: 'deny' | 'all';
}

/** Why something is opaque; stable, so that a diagnostic can be chosen by it. */
export type OpaqueCode =
  | 'clock'
  | 'random'
  | 'input-output'
  | 'state'
  | 'side-effect'
  | 'dynamic-code'
  | 'hash'
  | 'object-field'
  | 'provider-order'
  | 'provider-count'
  | 'provider-relation'
  | 'unknown-call'
  | 'unsupported'
  | 'loop-limit'
  | 'path-limit'
  | 'size-limit';

/**
 * A set of providers: those for which `where` holds. With `closedWorld` the set is closed under the snapshot. The
 * converter then expanded a caller's values over the given providers, so the set misses new providers with new values.
 * `weights`: HSF weights. The first predicate that holds gives a provider's weight, default 1.
 */
export interface ProviderGroup {
  readonly id: string;
  readonly where: ProviderPredicate;
  readonly closedWorld: boolean;
  readonly weights?: readonly { readonly where: ProviderPredicate; readonly weight: number }[];
  /** HSF address patterns or machine group this came from, the script's name of the list, ...; for people. */
  readonly label: string;
}

/**
 * A predicate over one provider. A test on an undefined term is false (assumptions say that no provider is so).
 * `glob`: HSF address pattern on `host:port` (`*` any text, `?` one character, whole text, the trailing `*` already appended).
 */
export type ProviderPredicate =
  | { readonly p: 'true' }
  | { readonly p: 'false' }
  | { readonly p: 'test'; readonly term: Term; readonly test: PlanTest }
  | { readonly p: 'glob'; readonly term: Term; readonly pattern: string }
  | { readonly p: 'not'; readonly of: ProviderPredicate }
  | { readonly p: 'and'; readonly of: readonly ProviderPredicate[] }
  | { readonly p: 'or'; readonly of: readonly ProviderPredicate[] };

/**
 * No present provider satisfies `where`: the script would throw `exception`, or do what weir does not follow (null). Checked
 * against a snapshot where there is one.
 */
export interface PlanAssumption {
  readonly id: string;
  readonly kind: 'no-provider';
  readonly where: ProviderPredicate;
  readonly exception: string | null;
  readonly span: PlanSpan;
  readonly why: string;
}

/** No call passes `when`; one that does is outside of what was converted. `certain`: no Dubbo sends such a call. */
export interface CallAssumption {
  readonly when: PlanCondition;
  readonly why: string;
  readonly certain: boolean;
}

/** A remark with a stable code: a WR id where one exists, else a word such as `closed-world`. */
export interface PlanNote {
  readonly code: string;
  readonly message: string;
  readonly span: PlanSpan;
}
