/** Conditions on arguments and attachments as Envoy can test them, beside the plan's own answers. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import * as fc from 'fast-check';
import type { RoutingCall } from '../../../../src/rules/case-file.ts';
import { EnvoyModel } from '../../../../src/rules/models/envoy.ts';
import { conditionAnswer } from '../../../../src/rules/plan/evaluate-plan.ts';
import type { Term } from '../../../../src/rules/plan/plan-term.ts';
import type { PlanCondition, PlanRule, PlanTest } from '../../../../src/rules/plan/route-plan.ts';
import type { TypedValue } from '../../../../src/rules/plan/typed-value.ts';
import { ruleMatch } from '../../../../src/rules/targets/envoy/rule-match.ts';

const WORDS = ['', 'a', 'ab', 'gray', 'GRAY', '5', '-0', '10', 'NaN', 'x\ny', 'é中', 'a😀b', 'I\u0130'];
const NUMBERS = ['0', '1', '-1', '5', '10', '53', '99', '100', '2147483647', '-2147483648', '9007199254740993'];
const REALS = ['0.0', '-0.0', '0.1', '5.5', '-5.5', '10.0', '1e21', '1.5e-9', 'NaN', 'Infinity', '-Infinity'];

const typed: fc.Arbitrary<TypedValue> = fc.oneof(
  fc.constant({ t: 'null' as const }),
  fc.constantFrom(...WORDS).map((v) => ({ t: 'java.lang.String', v })),
  fc.constantFrom('a', '5', '\u0000').map((v) => ({ t: 'java.lang.Character', v })),
  fc.boolean().map((v) => ({ t: 'java.lang.Boolean', v })),
  fc
    .tuple(fc.constantFrom('java.lang.Integer', 'java.lang.Short'), fc.constantFrom(...NUMBERS.slice(0, 8)))
    .map(([t, v]) => ({ t, v })),
  fc
    .tuple(fc.constantFrom('java.lang.Long', 'java.math.BigInteger'), fc.constantFrom(...NUMBERS))
    .map(([t, v]) => ({ t, v })),
  fc
    .tuple(fc.constantFrom('java.lang.Double', 'java.lang.Float'), fc.constantFrom(...REALS, ...NUMBERS))
    .map(([t, v]) => ({ t, v })),
  fc.constantFrom('0', '0.10', '5.50', '-5.5', '100', '1E+3').map((v) => ({ t: 'java.math.BigDecimal', v })),
  fc.constantFrom<TypedValue>({ t: 'java.util.ArrayList', v: [] }, { t: 'com.acme.Order', v: {} }),
);

const bound = fc.option(fc.constantFrom('0', '5', '-5.5', '10', '0.1', '100', '9007199254740993'), { nil: null });
const planTest: fc.Arbitrary<PlanTest> = fc.oneof(
  fc.array(typed, { minLength: 1, maxLength: 3 }).map((values): PlanTest => ({ op: 'eq', values })),
  fc
    .tuple(bound, fc.boolean(), bound, fc.boolean())
    .map(([min, minOpen, max, maxOpen]): PlanTest => ({ op: 'range', min, minOpen, max, maxOpen })),
  fc
    .tuple(fc.constantFrom('prefix' as const, 'suffix' as const, 'contains' as const), fc.constantFrom(...WORDS))
    .map(([op, text]): PlanTest => ({ op, text })),
  fc.constantFrom<PlanTest>(
    { op: 'truthy' },
    { op: 'defined' },
    { op: 'is', classes: ['java.lang.String'] },
    { op: 'is', classes: ['java.lang.Long', 'null'] },
    { op: 'is', classes: ['null'] },
    { op: 'regex', pattern: '[a-z]+', mode: 'full' },
    { op: 'regex', pattern: 'a', mode: 'find' },
    { op: 'eqIgnoreCase', text: 'gray' },
  ),
);

/** A leaf, and terms as scripts compute them from it. */
function termOf(leaf: Term): fc.Arbitrary<Term> {
  const fn = (name: Extract<Term, { t: 'fn' }>['fn'], ...args: Term[]): Term => ({ t: 'fn', fn: name, args });
  const constant = (v: string): Term => ({ t: 'const', value: { t: 'java.lang.Integer', v } });
  return fc.constantFrom<Term>(
    ...[leaf, leaf, fn('toLong', leaf), fn('toInteger', leaf), fn('parseLong', fn('toText', leaf)), fn('length', leaf)],
    ...[
      fn('mod', leaf, constant('7')),
      fn('mod', fn('toLong', leaf), constant('-100')),
      fn('mod', leaf, constant('0')),
    ],
    ...[fn('toText', leaf), fn('toLowerCase', leaf), fn('trim', leaf), fn('substring', leaf, constant('1'))],
  );
}

function conditionsOn(leaf: Term): fc.Arbitrary<PlanCondition[]> {
  return fc.array(fc.record({ term: termOf(leaf), test: planTest }), { minLength: 1, maxLength: 3 });
}

/** What the documents say: yes, no, or that Envoy cannot tell. */
function envoyAnswer(when: readonly PlanCondition[], call: RoutingCall): boolean | 'unknown' {
  const span = { offset: 0, end: 1, line: 1, column: 1, endLine: 1, endColumn: 2 };
  // biome-ignore lint/suspicious/noThenProperty: the plan's own word for an outcome
  const rule: PlanRule = { id: 'r1', span, when, then: { kind: 'deny' }, notes: [] };
  const match = ruleMatch(rule);
  if (match === null) return false;
  if (match.unsupported !== null) return 'unknown';
  const route = { name: 'r1', line: 1, facts: match.facts, match: match.match, arguments: match.arguments };
  const outcomes = [{ name: 'none', choices: [{ weight: 1, chain: [], otherwise: 'deny' as const }] }];
  const scope = { app: null, service: null, group: null, version: null, consumerHost: null };
  const model = new EnvoyModel({ ...scope, groups: [], outcomes, routes: [{ ...route, outcome: 'none' }] });
  const decided = model.evaluate(call, []);
  if (decided.kind === 'unrouted') return false;
  return decided.kind === 'routed' ? true : 'unknown';
}

const CALL: RoutingCall = { service: 's', method: 'm', paramTypes: [], args: [], attachments: {}, consumer: {} };

function agrees(when: readonly PlanCondition[], call: RoutingCall): void {
  const said = envoyAnswer(when, call);
  if (said === 'unknown') return;
  const answers = when.map((condition) => conditionAnswer(condition, call));
  const wanted = answers.includes(false) ? false : (answers.find((answer) => answer !== true) ?? true);
  assert.equal(said, wanted);
}

describe('what Envoy tests is what the plan says, or nothing', () => {
  it('of an argument, whatever its class', () => {
    const property = fc.property(conditionsOn({ t: 'arg', index: 0 }), typed, (when, arg) => {
      agrees(when, { ...CALL, paramTypes: ['java.lang.Object'], args: [arg] });
    });
    fc.assert(property, { numRuns: 5000, seed: 20_261_128 });
  });

  it('of an attachment, there or not', () => {
    const value = fc.option(fc.constantFrom(...WORDS), { nil: null });
    const property = fc.property(conditionsOn({ t: 'attachment', key: 'tag' }), value, (when, text) => {
      agrees(when, { ...CALL, attachments: text === null ? {} : { tag: text } });
    });
    fc.assert(property, { numRuns: 5000, seed: 20_261_128 });
  });

  it('of the method', () => {
    const property = fc.property(conditionsOn({ t: 'method' }), fc.constantFrom(...WORDS), (when, method) => {
      agrees(when, { ...CALL, method });
    });
    fc.assert(property, { numRuns: 3000, seed: 20_261_128 });
  });

  it('of an argument that is not there', () => {
    const property = fc.property(conditionsOn({ t: 'arg', index: 1 }), typed, (when, arg) => {
      agrees(when, { ...CALL, paramTypes: ['java.lang.Object'], args: [arg] });
    });
    fc.assert(property, { numRuns: 1000, seed: 20_261_128 });
  });

  it('and Envoy tests what usual scripts ask', () => {
    const leaf: Term = { t: 'arg', index: 0 };
    const rest: Term = {
      t: 'fn',
      fn: 'mod',
      args: [leaf, { t: 'const', value: { t: 'java.lang.Integer', v: '100' } }],
    };
    const below = (max: string): PlanTest => ({ op: 'range', min: null, minOpen: false, max, maxOpen: true });
    const long = (v: string): TypedValue => ({ t: 'java.lang.Long', v });
    const ask = (term: Term, test: PlanTest, arg: TypedValue) =>
      envoyAnswer([{ term, test }], { ...CALL, paramTypes: ['long'], args: [arg] });
    assert.equal(ask(rest, below('5'), long('9223372036854775804')), true);
    assert.equal(ask(rest, below('5'), long('9223372036854775807')), false);
    assert.equal(ask(leaf, below('0'), { t: 'java.lang.Double', v: '-0.0' }), true);
    assert.equal(ask(leaf, { op: 'eq', values: [long('53')] }, { t: 'java.lang.String', v: '5' }), true);
    assert.equal(ask(leaf, { op: 'eq', values: [{ t: 'null' }] }, { t: 'null' }), true);
  });
});
