/** Decision lists without what only repeats the rules behind it. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { conditionKey } from '../../../src/rules/groovy/machine/path-knowledge.ts';
import { dropRepeated, excludes } from '../../../src/rules/plan/drop-repeated.ts';
import { conditionHolds } from '../../../src/rules/plan/evaluate-plan.ts';
import type { PlanCondition } from '../../../src/rules/plan/route-plan.ts';
import { GATE_SEED } from '../../seed.ts';

const level = { t: 'attachment', key: 'level' } as const;
const isNull: PlanCondition = { term: level, test: { op: 'is', classes: ['null'] } };
const equals = (...texts: string[]): PlanCondition => ({
  term: level,
  test: { op: 'eq', values: texts.map((v) => ({ t: 'java.lang.String', v })) },
});
const atLeast3: PlanCondition = {
  term: { t: 'fn', fn: 'toInteger', args: [level] },
  test: { op: 'range', min: '3', minOpen: false, max: null, maxOpen: false },
};
const isSet: PlanCondition = { term: level, test: { op: 'truthy' } };
const batch: PlanCondition = { term: { t: 'method' }, test: { op: 'prefix', text: 'batch' } };

const listed = (outcome: string, ...when: PlanCondition[]) => ({
  rule: { when },
  keys: new Set(when.map(conditionKey)),
  outcome,
});

describe('a decision list', () => {
  it('loses a stretch that decides the calls of one condition as the rules behind it do', () => {
    const tail = [listed('vip', atLeast3), listed('batch', batch), listed('normal')];
    assert.deepEqual(dropRepeated([listed('batch', isNull, batch), listed('normal', isNull), ...tail]), tail);
  });

  it('keeps a stretch that decides otherwise, or leaves calls of its condition to others', () => {
    const tail = [listed('batch', batch), listed('normal')];
    for (const head of [
      [listed('normal', isNull, batch), listed('normal', isNull)],
      [listed('batch', isNull, batch), listed('other', isNull)],
      [listed('normal', equals('5')), listed('vip', atLeast3)],
    ])
      assert.deepEqual(dropRepeated([...head, ...tail]), [...head, ...tail]);
  });

  it('decides every call as before', () => {
    const condition = fc.constantFrom(isNull, equals('1'), equals('3', 'x'), equals(''), atLeast3, isSet, batch);
    const rule = fc
      .tuple(fc.constantFrom('a', 'b'), fc.uniqueArray(condition, { maxLength: 2 }))
      .map(([outcome, when]) => listed(outcome, ...when));
    const calls = [undefined, '', '1', '3', 'x', '9'].flatMap((value) =>
      ['get', 'batchGet'].map((method) => ({
        service: 's',
        method,
        paramTypes: [],
        args: [],
        attachments: value === undefined ? {} : { level: value },
        consumer: {},
      })),
    );
    let shorter = 0;
    fc.assert(
      fc.property(fc.array(rule, { maxLength: 7 }), (rules) => {
        const list = [...rules, listed('a')];
        const less = dropRepeated(list);
        if (less.length < list.length) shorter += 1;
        for (const call of calls) {
          const decide = (of: typeof list) =>
            of.find(({ rule: { when } }) => when.every((one) => conditionHolds(one, call)))?.outcome;
          assert.equal(decide(less), decide(list), JSON.stringify(call));
        }
      }),
      { numRuns: 500, seed: GATE_SEED },
    );
    assert.ok(shorter > 50, `${shorter} lists became shorter`);
  });

  it('knows conditions that exclude one another by the values of one text', () => {
    assert.equal(excludes(isNull, [atLeast3]), true);
    assert.equal(excludes(atLeast3, [equals('1', '2')]), true);
    assert.equal(excludes(atLeast3, [equals('1', '7')]), false);
    assert.equal(excludes(isNull, [batch]), false);
  });
});
