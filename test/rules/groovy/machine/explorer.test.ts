/** The explorer's decision trees. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { type DecisionTree, Explorer, type PathLeaf } from '../../../../src/rules/groovy/machine/explorer.ts';
import type { PlanCondition } from '../../../../src/rules/plan/route-plan.ts';

const condition = (text: string): PlanCondition => ({
  term: { t: 'method' },
  test: { op: 'eq', values: [{ t: 'java.lang.String', v: text }] },
});

/** One after the other, as `decideFirst` says it is. */
function decideInTurn(explorer: Explorer, texts: readonly string[]): number {
  return texts.findIndex((text) => explorer.decide(condition(text)));
}

const leaf = (reason: string): PathLeaf => ({
  kind: 'leaf',
  outcome: {
    kind: 'opaque',
    code: 'unsupported',
    reason,
    span: { line: 1, column: 1, endLine: 1, endColumn: 1, offset: 0, end: 1 },
  },
  range: { start: 0, end: 1 },
  notes: [],
});

/** The tree of a program that asks for one group of texts after another, `perStep` groups a step. */
function treeOf(groups: readonly (readonly string[])[], perStep: number, ask: typeof decideInTurn): DecisionTree {
  const explorer = new Explorer();
  return explorer.explore<{ at: number; answers: readonly number[] }>(
    { at: 0, answers: [] },
    ({ at, answers }) => {
      if (at >= groups.length) return { leaf: leaf(answers.join(' ')) };
      const found = groups.slice(at, at + perStep).map((texts) => ask(explorer, texts));
      return { next: { at: at + perStep, answers: [...answers, ...found] } };
    },
    () => leaf('limited'),
  );
}

describe('a decision with many ways', () => {
  it('gives the tree that deciding in turn gives', () => {
    const texts = fc.uniqueArray(fc.constantFrom('a', 'b', 'c', 'd', 'e'), { maxLength: 5 });
    const inOne: typeof decideInTurn = (explorer, given) =>
      explorer.decideFirst(given.length, (i) => condition(given[i] ?? ''));
    // Mixed with plain decisions, so that a replay has to tell them apart.
    const mixed: typeof decideInTurn = (explorer, given) =>
      given.length % 2 === 0 ? inOne(explorer, given) : decideInTurn(explorer, given);
    fc.assert(
      fc.property(fc.array(texts, { maxLength: 5 }), fc.integer({ min: 1, max: 4 }), (groups, perStep) => {
        const expected = treeOf(groups, perStep, decideInTurn);
        assert.deepEqual(treeOf(groups, perStep, inOne), expected);
        assert.deepEqual(treeOf(groups, perStep, mixed), expected);
      }),
    );
  });
});
