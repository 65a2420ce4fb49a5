/** A legacy rule taken out of its carrier. */
import type { CarrierForm, PlanScope, RuleKind } from '../plan/route-plan.ts';

/** A legacy rule taken out of its carrier. */
export interface RuleSource {
  /** File it came from, for messages. */
  readonly path: string;
  readonly kind: RuleKind;
  readonly form: CarrierForm;
  /** The rule's own text: Groovy, or for condition and tag rules the carrier's. */
  readonly text: string;
  readonly scope: PlanScope;
  readonly enabled: boolean;
  readonly force: boolean;
  /** False where a YAML rule says `valid: false`, which the routers take for an empty rule. */
  readonly valid: boolean;
  /** `key` of a YAML rule. */
  readonly key: string | null;
  /** `scope` of a YAML rule, where it is one of the two. */
  readonly saysScope: 'app' | 'service' | null;
  /** `configVersion` of a YAML rule. */
  readonly configVersion: string | null;
  /** Fields whose YAML value is not of the type that some routers need; `nothing`: what SnakeYAML does not read at all. */
  readonly oddFields: readonly { readonly name: string; readonly needs: 'text' | 'number' | 'flag' | 'nothing' }[];
  /** Script language as the carrier names it; `groovy` where it names none. */
  readonly language: string;
  /** Lines of a condition rule. */
  readonly conditions: readonly string[];
  /** Conditions of v3.1: what a call must match, and the destination (none: denied). */
  readonly destinations?: readonly { readonly from: string; readonly to: readonly string[] }[];
  /** Why weir knows the rule's kind but does not convert it. */
  readonly unread?: string;
  /** Groups of a tag rule. */
  readonly tags: readonly TagGroupSource[];
}

/** One group of a tag rule: addresses, or tests on provider parameters (null: none are written). */
export interface TagGroupSource {
  readonly name: string | number | boolean | null;
  readonly addresses: readonly string[];
  readonly match: readonly TagMatchSource[] | null;
}

/** A test on one provider parameter. */
export interface TagMatchSource {
  readonly key: string;
  readonly value: Readonly<Record<string, string>> | null;
}

/** A scope that says nothing. */
export const OPEN_SCOPE: PlanScope = { providerApp: null, service: null, group: null, version: null };

/** Defaults for the fields that a carrier leaves out. */
export const PLAIN_SOURCE = {
  enabled: true,
  force: false,
  valid: true,
  key: null,
  saysScope: null,
  configVersion: null,
  oddFields: [],
  conditions: [],
  tags: [],
} as const satisfies Partial<RuleSource>;
