/** Conditions on one promoted argument: the calls for which they hold, and those for which Envoy cannot tell. */
import type { RoutingCall } from '../../case-file.ts';
import { OpaqueSignal } from '../../groovy/machine/exceptions.ts';
import { conditionHolds } from '../../plan/evaluate-plan.ts';
import type { PlanCondition, PlanTest, ValueClass } from '../../plan/route-plan.ts';
import type { TypedValue } from '../../plan/typed-value.ts';
import { emptyCall } from '../empty-call.ts';
import { allOf, anyOf, type ClassAnswer, type EnvoyTest, type EnvoyText } from './envoy-test.ts';
import { numberAnswer } from './number-condition.ts';
import { classKey, textKey } from './promoted-arguments.ts';
import { textAnswer } from './text-condition.ts';

/** `holds` and `unknown` exclude each other; null: no call. A call for which neither holds does not meet the conditions. */
export interface ArgumentTest {
  readonly holds: EnvoyTest | null;
  readonly unknown: EnvoyTest | null;
}

const NUMBERS: readonly ValueClass[] = [
  'java.lang.Byte',
  'java.lang.Short',
  'java.lang.Integer',
  'java.lang.Long',
  'java.math.BigInteger',
  'java.lang.Double',
  'java.lang.Float',
  'java.math.BigDecimal',
];

const CLASSES: readonly ValueClass[] = [
  'null',
  'java.lang.String',
  'java.lang.Boolean',
  ...NUMBERS,
  'java.lang.Character',
  'java.util.List',
  'java.util.Map',
  'other',
];

/** Translates all conditions on one argument. */
export function argumentTest(index: number, conditions: readonly PlanCondition[]): ArgumentTest {
  const byAnswer = new Map<string, { readonly classes: ValueClass[]; readonly joined: Joined }>();
  for (const cls of CLASSES) {
    const joined = join(conditions.map((condition) => classAnswer(index, condition, cls)));
    if (joined === null) continue;
    const key = JSON.stringify(joined);
    const known = byAnswer.get(key);
    if (known === undefined) byAnswer.set(key, { classes: [cls], joined });
    else known.classes.push(cls);
  }
  const all = [...byAnswer.values()];
  const side = (isUnknown: boolean): EnvoyTest | null => {
    const tests = all
      .filter(({ joined }) => joined.isUnknown === isUnknown)
      .map(({ classes, joined }) => {
        const ofClass: EnvoyTest = { attachment: classKey(index), text: { in: classes } };
        return allOf([ofClass, ...joined.tests.map((any) => anyOf(any.map((text) => onText(index, text))))]);
      });
    return tests.length === 0 ? null : anyOf(tests);
  };
  return { holds: side(false), unknown: side(true) };
}

function onText(index: number, text: EnvoyText): EnvoyTest {
  return { attachment: textKey(index), text };
}

interface Joined {
  /** Each of the lists must hold. */
  readonly tests: readonly (readonly EnvoyText[])[];
  readonly isUnknown: boolean;
}

/** Null where one of the answers is a no. */
function join(answers: readonly ClassAnswer[]): Joined | null {
  const tests: (readonly EnvoyText[])[] = [];
  let isUnknown = false;
  for (const answer of answers) {
    if (answer === false) return null;
    if (answer === 'unknown') isUnknown = true;
    else if (answer !== true) tests.push(answer);
  }
  return { tests, isUnknown };
}

function classAnswer(index: number, condition: PlanCondition, cls: ValueClass): ClassAnswer {
  const { term, test } = condition;
  const at = (arg: TypedValue) => callWith(index, arg);
  if (term.t !== 'fn' && test.op === 'is') return test.classes.includes(cls);
  if (term.t !== 'fn' && test.op === 'defined') return true;
  if (cls === 'null') return known(() => conditionHolds(condition, at({ t: 'null' })));
  if (cls === 'java.lang.Boolean') {
    const asked = [true, false].map((v) => known(() => conditionHolds(condition, at({ t: 'java.lang.Boolean', v }))));
    if (asked.includes('unknown')) return 'unknown';
    if (asked[0] === asked[1]) return asked[0] ?? 'unknown';
    return [{ in: [String(asked[0] === true)] }];
  }
  if (cls === 'java.lang.String') {
    const answer = textAnswer(condition, (v) => at({ t: 'java.lang.String', v }));
    if (typeof answer === 'string') return answer === 'all';
    return 'why' in answer ? 'unknown' : [answer];
  }
  if (NUMBERS.includes(cls)) return numberAnswer(condition, cls);
  // A Character meets numbers and texts by its code, a list or an object by what it holds.
  return isOfNumbers(test) && term.t !== 'fn' && cls !== 'other' ? false : 'unknown';
}

function isOfNumbers(test: PlanTest): boolean {
  return test.op === 'range';
}

function known(ask: () => boolean): boolean | 'unknown' {
  try {
    return ask();
  } catch (error) {
    if (error instanceof OpaqueSignal) return 'unknown';
    throw error;
  }
}

function callWith(index: number, arg: TypedValue): RoutingCall {
  return {
    ...emptyCall(),
    args: Array.from({ length: index + 1 }, (_, at) => (at === index ? arg : ({ t: 'null' } as const))),
  };
}
