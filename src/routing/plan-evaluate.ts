import type { RoutingCall, RoutingProvider } from './case-file.ts';
import { parseDecimal } from './decimal.ts';
import { compileJavaRegex, type JavaRegex, javaFindPattern } from './models/java-regex.ts';
import { orderOf, type TermContext, termValue } from './plan-term-value.ts';
import {
  classOfValue,
  compareNumbers,
  isNumber,
  isTruthy,
  type PlanValue,
  planValue,
  valuesEqual,
} from './plan-value.ts';
import type { PlanCondition, PlanRule, PlanTest, ProviderGroup, ProviderPredicate, RoutePlan } from './route-plan.ts';

/** What a plan says about one call over the present providers. */
export interface PlanVerdict {
  readonly rule: PlanRule;
  readonly decision: PlanDecision;
}

/** The providers (with their shares where a choice is weighted), or what happens instead. */
export type PlanDecision =
  | {
      readonly kind: 'providers';
      readonly picks: readonly { readonly providers: readonly string[]; readonly share: number }[];
    }
  | { readonly kind: 'ignored'; readonly exception: string; readonly providers: readonly string[] }
  | { readonly kind: 'error'; readonly exception: string }
  | { readonly kind: 'stale' }
  | { readonly kind: 'tag'; readonly tag: string | null }
  | { readonly kind: 'opaque' };

/** Evaluates a plan for one call: the first rule whose conditions hold, over the providers that are present. */
export function evaluatePlan(plan: RoutePlan, call: RoutingCall, providers: readonly RoutingProvider[]): PlanVerdict {
  const rule = plan.rules.find((candidate) => candidate.when.every((condition) => conditionHolds(condition, call)));
  if (rule === undefined) throw new TypeError('a plan ends with a rule without conditions');
  return { rule, decision: decideRule(plan, rule, call, providers) };
}

/** What a rule that decides a call gives, over the providers that are present. */
export function decideRule(
  plan: RoutePlan,
  rule: PlanRule,
  call: RoutingCall,
  providers: readonly RoutingProvider[],
): PlanDecision {
  const present = presentProviders(call, providers);
  const down = new Set(call.down ?? []);
  const groups = new Map(plan.groups.map((group) => [group.id, group]));
  const all = present.map((provider) => provider.id);
  const { then } = rule;
  switch (then.kind) {
    case 'all':
      return then.ignored === undefined
        ? { kind: 'providers', picks: [{ providers: all, share: 1 }] }
        : { kind: 'ignored', exception: then.ignored, providers: all };
    case 'deny':
      return { kind: 'providers', picks: [{ providers: [], share: 1 }] };
    case 'error':
      return { kind: 'error', exception: then.exception };
    case 'stale':
      return { kind: 'stale' };
    case 'tag':
      return { kind: 'tag', tag: then.tag };
    case 'opaque':
      return { kind: 'opaque' };
    case 'route': {
      const total = then.choices.reduce((sum, choice) => sum + choice.weight, 0);
      const picks = then.choices.map((choice) => {
        for (const id of choice.chain) {
          const group = groups.get(id);
          const members = group === undefined ? [] : groupProviders(group, present, down);
          if (members.length > 0) return { providers: members, share: choice.weight / total };
        }
        return { providers: choice.otherwise === 'all' ? all : [], share: choice.weight / total };
      });
      return { kind: 'providers', picks };
    }
  }
}

/** The providers that a call sees: all, or those that `only` names. */
export function presentProviders(call: RoutingCall, providers: readonly RoutingProvider[]): RoutingProvider[] {
  const only = call.only === undefined ? null : new Set(call.only);
  return providers.filter((provider) => only === null || only.has(provider.id));
}

/** Ids of the providers in a group, in the order given. */
export function groupProviders(
  group: ProviderGroup,
  providers: readonly RoutingProvider[],
  down?: ReadonlySet<string>,
): string[] {
  return providers.filter((provider) => predicateHolds(group.where, provider, down)).map((provider) => provider.id);
}

/** Whether a condition of a rule holds for a call; a term that is undefined fails every test. */
export function conditionHolds(condition: PlanCondition, call: RoutingCall): boolean {
  return testHolds(condition.test, termValue(condition.term, { call }), { call });
}

/** Whether a provider is in the set that a predicate describes. */
export function predicateHolds(
  predicate: ProviderPredicate,
  provider: RoutingProvider,
  down?: ReadonlySet<string>,
): boolean {
  const context: TermContext = down === undefined ? { provider } : { provider, down };
  switch (predicate.p) {
    case 'true':
      return true;
    case 'false':
      return false;
    case 'test':
      return testHolds(predicate.test, termValue(predicate.term, context), context);
    case 'glob': {
      const value = termValue(predicate.term, context);
      return value?.k === 'text' && globHolds(predicate.pattern, value.text);
    }
    case 'not':
      return !predicateHolds(predicate.of, provider, down);
    case 'and':
      return predicate.of.every((part) => predicateHolds(part, provider, down));
    case 'or':
      return predicate.of.some((part) => predicateHolds(part, provider, down));
  }
}

/** Whether a value passes a test; undefined passes none. */
export function testHolds(test: PlanTest, value: PlanValue | undefined, context: TermContext): boolean {
  if (value === undefined) return false;
  switch (test.op) {
    case 'defined':
      return true;
    case 'is':
      return test.classes.includes(classOfValue(value));
    case 'eq':
      return test.values.some((constant) => valuesEqual(value, planValue(constant)));
    case 'truthy':
      return isTruthy(value);
    case 'range':
      return rangeHolds(test, value);
    case 'relation': {
      const other = termValue(test.other, context);
      return other !== undefined && relationHolds(test.rel, value, other);
    }
    default:
      return value.k === 'text' && !value.char && textHolds(test, value.text);
  }
}

type TextTest = Extract<PlanTest, { op: 'prefix' | 'suffix' | 'contains' | 'regex' | 'eqIgnoreCase' }>;

function textHolds(test: TextTest, text: string): boolean {
  switch (test.op) {
    case 'prefix':
      return text.startsWith(test.text);
    case 'suffix':
      return text.endsWith(test.text);
    case 'contains':
      return text.includes(test.text);
    case 'eqIgnoreCase':
      return equalsIgnoreCase(text, test.text);
    case 'regex':
      return regexHolds(test.pattern, test.mode, text);
  }
}

function rangeHolds(test: Extract<PlanTest, { op: 'range' }>, value: PlanValue): boolean {
  if (!isNumber(value)) return false;
  const side = (bound: string | null): number | null => {
    if (bound === null) return null;
    const decimal = parseDecimal(bound);
    return decimal === null ? null : compareNumbers(value, { k: 'decimal', value: decimal });
  };
  const [low, high] = [side(test.min), side(test.max)];
  if (low !== null && (test.minOpen ? low <= 0 : low < 0)) return false;
  return high === null || (test.maxOpen ? high < 0 : high <= 0);
}

function relationHolds(rel: Extract<PlanTest, { op: 'relation' }>['rel'], left: PlanValue, right: PlanValue): boolean {
  if (rel === 'eq') return valuesEqual(left, right);
  const order = orderOf(left, right);
  if (rel === 'lt') return order !== undefined && order < 0;
  if (rel === 'le') return order !== undefined && order <= 0;
  if (rel === 'gt') return order !== undefined && order > 0;
  if (rel === 'ge') return order !== undefined && order >= 0;
  if (left.k !== 'text' || right.k !== 'text') return false;
  if (rel === 'prefix') return left.text.startsWith(right.text);
  if (rel === 'suffix') return left.text.endsWith(right.text);
  if (rel === 'contains') return left.text.includes(right.text);
  if (rel === 'eqIgnoreCase') return equalsIgnoreCase(left.text, right.text);
  return regexHolds(right.text, rel === 'regexFull' ? 'full' : 'find', left.text);
}

/** String.equalsIgnoreCase: char by char, equal in upper case, or in lower case of the upper case. */
export function equalsIgnoreCase(left: string, right: string): boolean {
  if (left.length !== right.length) return false;
  for (let at = 0; at < left.length; at += 1) {
    const [a, b] = [left.charAt(at), right.charAt(at)];
    if (a !== b && upperChar(a) !== upperChar(b) && lowerChar(upperChar(a)) !== lowerChar(upperChar(b))) return false;
  }
  return true;
}

// Character.toUpperCase never makes two chars of one.
function upperChar(char: string): string {
  const upper = char.toUpperCase();
  return upper.length === 1 ? upper : char;
}

function lowerChar(char: string): string {
  if (char === '\u0130') return 'i';
  const lower = char.toLowerCase();
  return lower.length === 1 ? lower : char;
}

// A pattern that java.util.regex takes but this model does not must not look like a plain mismatch.
function regexHolds(pattern: string, mode: 'full' | 'find', text: string): boolean {
  const key = `${mode}:${pattern}`;
  let compiled = REGEXES.get(key);
  if (compiled === undefined) {
    compiled = compileJavaRegex(mode === 'full' ? pattern : javaFindPattern(pattern));
    if (REGEXES.size > 5000) REGEXES.clear();
    REGEXES.set(key, compiled);
  }
  return compiled.matches(text);
}

// A cache of pure results: the same pattern always gives the same automaton.
const REGEXES = new Map<string, JavaRegex>();

function globHolds(pattern: string, text: string): boolean {
  const source = [...pattern].map((char) =>
    char === '*' ? '[^]*' : char === '?' ? '[^]' : char.replace(/[\\^$.*+?()[\]{}|/]/g, '\\$&'),
  );
  return new RegExp(`^${source.join('')}$`).test(text);
}
