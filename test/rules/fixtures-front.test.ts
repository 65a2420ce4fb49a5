/** Evaluator and plan of every fixture rule, beside the answers of real Groovy. */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { fixtureRows } from '../../scripts/routing-fixtures-table.ts';

const rows = fixtureRows(join(import.meta.dirname, '../fixtures/groovy'));

/** Plans that may refuse calls: the rules whose outcome depends on order, hash, fields, side effects or relations of providers. */
const REFUSING = new Set(['14', '16', '24', '25', '36', '41']);

for (const row of rows) {
  test(`${row.id}: the evaluator gives what real Groovy gave for every call`, () => {
    assert.deepEqual(row.script, { equal: row.calls, refused: 0, wrong: 0 }, row.wrong.join('\n'));
  });
  test(`${row.id}: the plan never gives another answer than real Groovy`, () => {
    assert.equal(row.plan.wrong, 0, row.wrong.join('\n'));
    if (!REFUSING.has(row.id.slice(0, 2))) assert.equal(row.plan.refused, 0, row.wrong.join('\n'));
  });
}

test('dead and broken rules are told from live ones', () => {
  const states = rows.filter((row) => row.effect !== 'live').map((row) => `${row.id.slice(0, 2)} ${row.effect}`);
  assert.deepEqual(states, ['37 dead', '38 broken', '39 broken', '54 broken']);
});
