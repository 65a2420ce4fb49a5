/** The conditions of one rule as the parts of an Envoy route. */
import type { RoutingCall } from '../../case-file.ts';
import type { DiagnosticCode } from '../../diagnostics/catalogue.ts';
import { conditionHolds } from '../../plan/evaluate-plan.ts';
import type { CallLeaf } from '../../plan/plan-term.ts';
import type { PlanCondition, PlanRule } from '../../plan/route-plan.ts';
import { emptyCall } from '../empty-call.ts';
import { type LeafConditions, splitConditions } from '../leaf-conditions.ts';
import { intervalsOf } from '../number-text.ts';
import { argumentTest } from './argument-condition.ts';
import type { EnvoyArgument } from './envoy-rules.ts';
import { allOf, anyOf, type EnvoyTest, type EnvoyText } from './envoy-test.ts';
import { ARGUMENT_COUNT, MOST_ARGUMENTS, PARAMETER_COUNT, parameterKey } from './promoted-arguments.ts';
import { textAnswer } from './text-condition.ts';

/** A rule for Envoy. Conditions that Envoy cannot test are left out: the parts are too wide then, never too narrow. */
export interface RuleMatch {
  readonly facts: readonly PlanCondition[];
  readonly match: readonly EnvoyTest[];
  readonly arguments: readonly EnvoyArgument[];
  readonly unsupported: { readonly code: DiagnosticCode; readonly why: string } | null;
  readonly notes: ReadonlySet<DiagnosticCode>;
}

/** The attachment in which every Dubbo sends the application of the caller. */
const CALLER_ATTACHMENT = 'remote.application';

/** Keys that Dubbo writes over on the way: what a script reads there is not what Envoy would see. */
const RESERVED = new Set([
  ...['path', 'interface', 'version', 'group', 'timeout', 'token', 'async', 'id', 'generic', 'dubbo', 'input'],
  ...['application', 'return', 'sent', 'isSent', 'input', 'output', '_TO', 'timeout-countdown', 'serialization'],
]);

/** Translates a rule; null when no call can meet it. */
export function ruleMatch(rule: PlanRule): RuleMatch | null {
  const split = splitConditions(rule);
  if (!split.constant.every((condition) => conditionHolds(condition, emptyCall()))) return null;
  const facts: PlanCondition[] = [];
  const match: EnvoyTest[] = [];
  const args: EnvoyArgument[] = [];
  const notes = new Set<DiagnosticCode>();
  let unsupported: RuleMatch['unsupported'] = null;
  const lose = (why: string): void => {
    unsupported ??= { code: 'WR038', why };
  };
  if (split.joint.length > 0) lose('it compares two values of the call');
  for (const { leaf, conditions } of split.single) {
    const part = leafPart(leaf, conditions);
    if (part === 'never') return null;
    if (part === 'facts') facts.push(...conditions);
    else if (typeof part === 'string') lose(part);
    else if ('leaf' in part) {
      args.push(part);
      if (part.holds === undefined) lose('Envoy cannot compute it from the argument');
    } else match.push(...part.tests);
    if (leaf.t === 'callerHost' || leaf.t === 'callerParam') notes.add('WR033');
  }
  if (args.length > 0) notes.add('WR037');
  return { facts, match, arguments: args, unsupported, notes };
}

/** A sentence part: why Envoy cannot test it. */
type LeafPart = 'never' | 'facts' | EnvoyArgument | { readonly tests: readonly EnvoyTest[] } | (string & {});

function leafPart(leaf: CallLeaf, conditions: LeafConditions['conditions']): LeafPart {
  switch (leaf.t) {
    case 'service':
    case 'callerApp':
    case 'callerHost':
    case 'callerParam':
      return 'facts';
    case 'method':
      return textPart(
        conditions,
        (method) => ({ ...emptyCall(), method }),
        (text) => ({ method: text }),
      );
    case 'attachment':
      if (leaf.key === CALLER_ATTACHMENT) return 'facts';
      if (RESERVED.has(leaf.key)) return `Dubbo writes the attachment ${leaf.key} itself`;
      return attachmentPart(leaf.key, conditions);
    case 'arg':
      if (leaf.index >= MOST_ARGUMENTS) return `the Filter promotes ${MOST_ARGUMENTS} arguments`;
      return argumentPart(leaf, argumentTest(leaf.index, conditions));
    case 'paramType': {
      const key = parameterKey(leaf.index);
      const at = (type: string) => ({ ...emptyCall(), paramTypes: Array.from({ length: leaf.index + 1 }, () => type) });
      const part = textPart(conditions, at, (text) => ({ attachment: key, text }));
      return typeof part === 'object' && 'tests' in part ? argumentPart(leaf, allPresent(key, part.tests)) : part;
    }
    case 'paramCount':
    case 'argCount':
      return countPart(leaf, conditions);
  }
}

function allPresent(attachment: string, tests: readonly EnvoyTest[]): { holds: EnvoyTest; unknown: null } {
  return { holds: tests.length === 0 ? { attachment, text: { present: true } } : allOf(tests), unknown: null };
}

function argumentPart(
  leaf: CallLeaf,
  { holds, unknown }: { readonly holds: EnvoyTest | null; readonly unknown: EnvoyTest | null },
): LeafPart {
  if (holds === null && unknown === null) return 'never';
  return { leaf, ...(holds === null ? {} : { holds }), ...(unknown === null ? {} : { unknown }) };
}

function textPart(
  conditions: readonly PlanCondition[],
  place: (text: string) => RoutingCall,
  test: (text: EnvoyText) => EnvoyTest,
): 'never' | string | { readonly tests: readonly EnvoyTest[] } {
  const tests: EnvoyTest[] = [];
  for (const condition of conditions) {
    const answer = textAnswer(condition, place);
    if (answer === 'none') return 'never';
    if (answer === 'all') continue;
    if ('why' in answer) return answer.why;
    tests.push(test(answer));
  }
  return { tests };
}

/** An attachment may be absent, which is null: each condition says whether it takes null too. */
function attachmentPart(attachment: string, conditions: readonly PlanCondition[]): LeafPart {
  const present: EnvoyTest = { attachment, text: { present: true } };
  const tests: EnvoyTest[] = [];
  for (const condition of conditions) {
    const takesNull = conditionHolds(condition, emptyCall());
    const answer = textAnswer(condition, (value) => ({ ...emptyCall(), attachments: { [attachment]: value } }));
    if (typeof answer === 'object' && 'why' in answer) return answer.why;
    if (answer === 'none' && !takesNull) return 'never';
    if (answer === 'all' && takesNull) continue;
    if (answer === 'none') tests.push({ not: present });
    else if (answer === 'all') tests.push(present);
    else {
      const test: EnvoyTest = { attachment, text: answer };
      tests.push(takesNull ? anyOf([test, { not: present }]) : test);
    }
  }
  return { tests };
}

function countPart(leaf: CallLeaf, conditions: readonly PlanCondition[]): LeafPart {
  const attachment = leaf.t === 'argCount' ? ARGUMENT_COUNT : PARAMETER_COUNT;
  let counts = Array.from({ length: MOST_ARGUMENTS + 1 }, (_, count) => BigInt(count));
  for (const { term, test } of conditions) {
    if (term.t === 'fn') return 'it computes with the number of arguments';
    if (test.op === 'is') {
      if (!test.classes.includes('java.lang.Integer')) return 'never';
      continue;
    }
    const spans = intervalsOf(test, { min: 0n, max: BigInt(MOST_ARGUMENTS) });
    if (spans === null) return 'never';
    counts = counts.filter((count) =>
      spans.some(({ min, max }) => (min === null || count >= min) && (max === null || count <= max)),
    );
  }
  const [first, last] = [counts[0], counts.at(-1)];
  if (first === undefined || last === undefined) return 'never';
  if (counts.length === 1 || last - first >= counts.length) {
    return { leaf, holds: { attachment, text: { in: counts.map(String) } } };
  }
  const number = { min: String(first), minOpen: false, max: String(last), maxOpen: false };
  return { leaf, holds: { attachment, text: { number } } };
}
