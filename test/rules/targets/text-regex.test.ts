/** Regular expressions of conditions on a text, beside the conditions themselves. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { conditionHolds } from '../../../src/rules/plan/evaluate-plan.ts';
import type { Term, TermFunction } from '../../../src/rules/plan/plan-term.ts';
import type { PlanCondition, PlanTest } from '../../../src/rules/plan/route-plan.ts';
import type { TypedValue } from '../../../src/rules/plan/typed-value.ts';
import { compileJavaRegex } from '../../../src/rules/regex/run-pattern.ts';
import { avoids } from '../../../src/rules/targets/pattern-characters.ts';
import { conditionTextRegex } from '../../../src/rules/targets/text-regex.ts';
import { GATE_SEED } from '../../seed.ts';

const leaf: Term = { t: 'attachment', key: 'k' };
const whole = (v: number): TypedValue => ({ t: 'java.lang.Integer', v: String(v) });
const text = (v: string): TypedValue => ({ t: 'java.lang.String', v });
const constant = (value: TypedValue): Term => ({ t: 'const', value });
const fn = (name: TermFunction, ...args: Term[]): Term => ({ t: 'fn', fn: name, args });

const separator = fc.constantFrom('-', '.', ',', '5');
const position = fc.nat({ max: 2 });
/** Terms that are texts. */
const texts: fc.Arbitrary<Term> = fc.oneof(
  fc.constant(leaf),
  fc.tuple(separator, position).map(([by, at]) => fn('tokenAt', leaf, constant(text(by)), constant(whole(at)))),
  fc
    .tuple(separator, position)
    .map(([by, at]) => fn('splitAt', leaf, constant(text(by === '.' ? '\\.' : by)), constant(whole(at)))),
  fc
    .integer({ min: 1, max: 3 })
    .map((count) => fn('substring', leaf, fn('minus', fn('length', leaf), constant(whole(count))))),
  fc
    .tuple(position, position)
    .map(([from, more]) => fn('substring', leaf, constant(whole(from)), constant(whole(from + more)))),
);
const modulus = fc.constantFrom(2, 4, 10, 16, 100, 1000);
/** Terms that are whole numbers. */
const numbers: fc.Arbitrary<Term> = fc
  .tuple(fc.constantFrom<TermFunction>('toInteger', 'toLong', 'parseInt', 'parseLong'), texts)
  .map(([name, of]) => fn(name, of))
  .chain((read) =>
    fc.oneof(
      fc.constant(read),
      modulus.map((by) => fn('mod', read, constant(whole(by)))),
      modulus.map((by) => fn('abs', fn('mod', read, constant(whole(by))))),
      modulus.map((by) => fn('intValue', fn('mod', read, constant(whole(by))))),
      modulus.map((by) => fn('intdiv', read, constant(whole(by)))),
      modulus.map((by) => fn('intdiv', fn('mod', read, constant(whole(100))), constant(whole(by)))),
    ),
  );
const bound = fc.option(fc.integer({ min: -30, max: 120 }).map(String));
const numberTest: fc.Arbitrary<PlanTest> = fc.oneof(
  fc
    .array(fc.integer({ min: -12, max: 105 }).map(whole), { minLength: 1, maxLength: 2 })
    .map((values) => ({ op: 'eq' as const, values })),
  fc
    .tuple(bound, bound, fc.boolean(), fc.boolean())
    .map(([min, max, minOpen, maxOpen]) => ({ op: 'range' as const, min, max, minOpen, maxOpen })),
  fc.constant({ op: 'defined' as const }),
);
const piece = fc.constantFrom(
  '',
  'a',
  '5',
  '-5',
  '+7',
  '07',
  '12',
  '105',
  '-',
  '.',
  ',',
  '--',
  ' 3',
  '8 ',
  '2147483648',
  '-0',
  '99',
);
const input = fc.array(piece, { maxLength: 4 }).map((parts) => parts.join(''));
const textTest: fc.Arbitrary<PlanTest> = fc.oneof(
  fc.array(input.map(text), { minLength: 1, maxLength: 2 }).map((values) => ({ op: 'eq' as const, values })),
  fc.constantFrom<PlanTest>({ op: 'defined' }, { op: 'truthy' }),
);
const condition: fc.Arbitrary<PlanCondition> = fc.oneof(
  fc.record({ term: texts, test: textTest }),
  fc.record({ term: numbers, test: numberTest }),
);

describe('the regular expression of a condition', () => {
  it('matches the texts for which the condition holds, and no others', () => {
    let told = 0;
    fc.assert(
      fc.property(condition, fc.array(input, { minLength: 25, maxLength: 25 }), (given, samples) => {
        const pattern = conditionTextRegex(given);
        if (pattern === null) return;
        told += 1;
        const regex = compileJavaRegex(pattern);
        for (const sample of samples) {
          const call = {
            service: 's',
            method: 'm',
            paramTypes: [],
            args: [],
            attachments: { k: sample },
            consumer: {},
          };
          assert.equal(regex.matches(sample), conditionHolds(given, call), `${JSON.stringify(sample)} and ${pattern}`);
        }
      }),
      { numRuns: 400, seed: GATE_SEED },
    );
    assert.ok(told > 200, `${told} conditions had an expression`);
  });

  it('says the last digits of an id for every target', () => {
    const percent = fn('mod', fn('parseLong', leaf), constant(whole(100)));
    const pattern = conditionTextRegex({
      term: percent,
      test: { op: 'range', min: '0', max: '5', minOpen: false, maxOpen: true },
    });
    assert.ok(pattern !== null && !pattern.includes('(?='));
    const regex = compileJavaRegex(pattern);
    assert.deepEqual(
      ['3', '203', '9223372036854775804', '205', '-203', 'x'].map((one) => regex.matches(one)),
      [true, true, true, false, false, false],
    );
  });
});

describe('the characters of a pattern', () => {
  it('are known where it has only lists, groups and counts', () => {
    assert.equal(avoids('(?:\\+?0*[1-9][0-9]{0,2}|-0*5)', '.'), true);
    assert.equal(avoids('(?:\\+?0*[1-9][0-9]{0,2}|-0*5)', '-'), false);
    assert.equal(avoids('[\\x00- ]*a', ' '), false);
    for (const unknown of ['a.b', '\\d+', '[^a]', '[a&&b]', 'a$']) assert.equal(avoids(unknown, 'z'), false, unknown);
  });
});
