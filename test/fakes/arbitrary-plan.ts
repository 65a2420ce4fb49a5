/** Generator of plans, with providers and calls to match. */
import * as fc from 'fast-check';
import type { RoutingCall, RoutingProvider, RoutingService } from '../../src/rules/case-file.ts';
import type { Term } from '../../src/rules/plan/plan-term.ts';
import type { PlanCondition, PlanOutcome, PlanSpan, PlanTest, RoutePlan } from '../../src/rules/plan/route-plan.ts';
import type { TypedValue } from '../../src/rules/plan/typed-value.ts';

const SPAN: PlanSpan = { offset: 0, end: 1, line: 1, column: 1, endLine: 1, endColumn: 2 };

/** The interface that all arbitrary calls go to: overloads, primitives, boxes, text, a bean. */
export const SAMPLE_SERVICE: RoutingService = {
  interface: 'com.acme.Sample',
  methods: [
    { name: 'load', paramTypes: ['long'] },
    { name: 'load', paramTypes: ['java.lang.Integer', 'java.lang.String'] },
    { name: 'list', paramTypes: ['java.lang.String', 'boolean'] },
    { name: 'flag', paramTypes: ['java.lang.Boolean'] },
    { name: 'save', paramTypes: ['com.acme.Order'] },
    { name: 'ping', paramTypes: [] },
  ],
};

/** Four providers that the arbitrary groups tell apart. */
export const SAMPLE_PROVIDERS: readonly RoutingProvider[] = [
  { id: 'p1', host: '10.0.0.1', port: 20880, params: { env: 'gray', zone: 'a' } },
  { id: 'p2', host: '10.0.0.2', port: 20880, params: { env: 'prod', zone: 'a' } },
  { id: 'p3', host: '10.0.1.1', port: 20881, params: { env: 'prod', zone: 'b' } },
  { id: 'p4', host: '10.0.1.2', port: 20881, params: {} },
];

const GROUPS: RoutePlan['groups'] = [
  {
    id: 'g1',
    where: { p: 'test', term: { t: 'param', key: 'env' }, test: eq(text('gray')) },
    closedWorld: false,
    label: 'gray',
  },
  {
    id: 'g2',
    where: { p: 'not', of: { p: 'test', term: { t: 'param', key: 'zone' }, test: eq(text('a')) } },
    closedWorld: false,
    label: 'not a',
  },
  {
    id: 'g3',
    where: { p: 'test', term: { t: 'host' }, test: { op: 'prefix', text: '10.0.1.' } },
    closedWorld: false,
    label: '10.0.1.*',
  },
  {
    id: 'g4',
    where: { p: 'test', term: { t: 'port' }, test: eq(integer('20881')) },
    closedWorld: false,
    label: 'port',
  },
];

function text(v: string): TypedValue {
  return { t: 'java.lang.String', v };
}

function integer(v: string): TypedValue {
  return { t: 'java.lang.Integer', v };
}

function eq(...values: TypedValue[]): PlanTest {
  return { op: 'eq', values };
}

const words = fc.constantFrom('load', 'list', 'lo', 'gray', '1', '', 'a', 'ab', 'AB');

const textTest: fc.Arbitrary<PlanTest> = fc.oneof(
  fc.uniqueArray(words, { minLength: 1, maxLength: 3 }).map((list) => eq(...list.map(text))),
  words.map((word): PlanTest => ({ op: 'prefix', text: word })),
  words.map((word): PlanTest => ({ op: 'suffix', text: word })),
  words.map((word): PlanTest => ({ op: 'contains', text: word })),
  fc
    .constantFrom('l[a-z]+', '[a-z]{2}', 'a|b', 'g.*y')
    .chain((pattern) =>
      fc.constantFrom('full' as const, 'find' as const).map((mode): PlanTest => ({ op: 'regex', pattern, mode })),
    ),
  words.map((word): PlanTest => ({ op: 'eqIgnoreCase', text: word })),
  fc.constant<PlanTest>({ op: 'truthy' }),
);
const nullTest = fc.constant(eq({ t: 'null' }));

const numberTest: fc.Arbitrary<PlanTest> = fc.oneof(
  fc
    .uniqueArray(fc.integer({ min: -7, max: 7 }), { minLength: 1, maxLength: 3 })
    .map((list) => eq(...list.map((n) => integer(String(n))))),
  fc
    .record({
      min: fc.option(fc.integer({ min: -9, max: 9 })),
      max: fc.option(fc.integer({ min: -9, max: 9 })),
      minOpen: fc.boolean(),
      maxOpen: fc.boolean(),
    })
    .map(
      ({ min, max, minOpen, maxOpen }): PlanTest => ({
        op: 'range',
        min: min === null ? null : String(min),
        max: max === null ? null : String(max),
        minOpen,
        maxOpen,
      }),
    ),
  fc.constant<PlanTest>({ op: 'truthy' }),
  fc.constant<PlanTest>({ op: 'is', classes: ['java.lang.Long'] }),
);

const argTerm = fc.constantFrom(0, 1).map((index): Term => ({ t: 'arg', index }));
const residueTerm = fc.tuple(fc.constantFrom(0, 1), fc.constantFrom(2, 3, 10)).map(
  ([index, modulus]): Term => ({
    t: 'fn',
    fn: 'mod',
    args: [
      { t: 'arg', index },
      { t: 'const', value: integer(String(modulus)) },
    ],
  }),
);

const condition: fc.Arbitrary<PlanCondition> = fc.oneof(
  textTest.map((test) => ({ term: { t: 'method' } as Term, test })),
  fc
    .tuple(fc.constantFrom('env', 'Gray'), fc.oneof(textTest, nullTest))
    .map(([key, test]) => ({ term: { t: 'attachment', key } as Term, test })),
  fc.tuple(argTerm, fc.oneof(numberTest, textTest, nullTest)).map(([term, test]) => ({ term, test })),
  fc
    .tuple(residueTerm, fc.oneof(numberTest, fc.constant<PlanTest>({ op: 'defined' })))
    .map(([term, test]) => ({ term, test })),
  fc
    .tuple(fc.constantFrom('int', 'long', 'java.lang.String'), fc.constantFrom(0, 1))
    .map(([type, index]) => ({ term: { t: 'paramType', index } as Term, test: eq(text(type)) })),
  words.map((word) => ({ term: { t: 'callerApp' } as Term, test: eq(text(word)) })),
);

const outcome: fc.Arbitrary<PlanOutcome> = fc.oneof(
  {
    weight: 5,
    arbitrary: fc
      .tuple(
        fc.uniqueArray(fc.constantFrom('g1', 'g2', 'g3', 'g4'), { minLength: 1, maxLength: 3 }),
        fc.constantFrom('deny' as const, 'all' as const),
      )
      .map(([chain, otherwise]): PlanOutcome => ({ kind: 'route', choices: [{ weight: 1, chain, otherwise }] })),
  },
  { weight: 2, arbitrary: fc.constant<PlanOutcome>({ kind: 'all' }) },
  { weight: 1, arbitrary: fc.constant<PlanOutcome>({ kind: 'all', ignored: 'java.lang.NullPointerException' }) },
  { weight: 1, arbitrary: fc.constant<PlanOutcome>({ kind: 'deny' }) },
  {
    weight: 1,
    arbitrary: fc.constant<PlanOutcome>({ kind: 'opaque', code: 'unknown-call', reason: 'test', span: SPAN }),
  },
);

/** Plans of one to six rules over the leaves that targets can and cannot see. */
export const arbitraryPlan: fc.Arbitrary<RoutePlan> = fc
  .tuple(
    fc.array(fc.tuple(fc.array(condition, { minLength: 1, maxLength: 3 }), outcome), { minLength: 1, maxLength: 5 }),
    outcome,
  )
  .map(([rules, last]) => ({
    schemaVersion: 1,
    source: { path: 'sample.groovy', kind: 'dubbo-script', form: 'bare', sha256: '0'.repeat(64) },
    scope: { providerApp: 'sample-app', service: null, group: null, version: null },
    effect: { state: 'live', reasons: [], loadedBy: [] },
    groups: GROUPS,
    rules: [...rules, [[], last] as const].map(([when, action], index) => ({
      id: `r${index + 1}`,
      span: SPAN,
      when: [...when],
      // biome-ignore lint/suspicious/noThenProperty: the field of a plan's rule
      then: action,
      notes: [],
    })),
    assumptions: [],
    notes: [],
  }));

function argumentOf(type: string): fc.Arbitrary<TypedValue> {
  const nothing = fc.constant<TypedValue>({ t: 'null' });
  const number = fc.integer({ min: -25, max: 25 }).map(String);
  switch (type) {
    case 'long':
      return number.map((v) => ({ t: 'java.lang.Long', v }));
    case 'java.lang.Integer':
      return fc.oneof(
        { weight: 6, arbitrary: number.map((v): TypedValue => ({ t: type, v })) },
        { weight: 1, arbitrary: nothing },
      );
    case 'java.lang.String':
      return fc.oneof(
        { weight: 6, arbitrary: fc.oneof(words, fc.string({ maxLength: 4 })).map((v): TypedValue => ({ t: type, v })) },
        { weight: 1, arbitrary: nothing },
      );
    case 'boolean':
      return fc.boolean().map((v) => ({ t: 'java.lang.Boolean', v }));
    case 'java.lang.Boolean':
      return fc.oneof(
        fc.boolean().map((v): TypedValue => ({ t: type, v })),
        nothing,
      );
    default:
      return fc.oneof(nothing, fc.constant<TypedValue>({ t: type, v: {} }));
  }
}

/** Calls to the sample service, on and beside the constants of the plans, sometimes with providers missing. */
export const arbitraryCall: fc.Arbitrary<RoutingCall> = fc
  .constantFrom(...SAMPLE_SERVICE.methods)
  .chain(({ name, paramTypes }) =>
    fc
      .record({
        args: fc.tuple(...paramTypes.map(argumentOf)),
        attachments: fc.dictionary(fc.constantFrom('env', 'Gray'), words, { maxKeys: 2 }),
        application: fc.option(words),
        only: fc.option(fc.subarray(['p1', 'p2', 'p3', 'p4'], { minLength: 1 })),
      })
      .map(({ args, attachments, application, only }) => ({
        service: SAMPLE_SERVICE.interface,
        method: name,
        paramTypes: [...paramTypes],
        args: [...args],
        attachments: { ...attachments },
        consumer: application === null ? {} : { application },
        ...(only === null ? {} : { only }),
      })),
  );
