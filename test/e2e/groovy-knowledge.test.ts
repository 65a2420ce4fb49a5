/** Every row of the tables of knowledge, asked of real Groovy. */
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import type { GroovyOracle } from '../../src/rules/adapters/oracle/groovy-oracle.ts';
import { lacksMethod } from '../../src/rules/groovy/knowledge/member-names.ts';
import { modelValue } from '../oracle/groovy/describe-value.ts';
import { startTestOracle } from '../oracle/groovy/groovy-oracle.ts';
import {
  type AskedRow,
  memberExpressions,
  operatorExpressions,
  SAMPLES,
  staticExpressions,
} from '../oracle/groovy/knowledge-expressions.ts';

const PART = 2000;

/** Differences between weir's model and real Groovy; rows of which weir knew no expression at all are an error too. */
async function differences(oracle: GroovyOracle, rows: readonly AskedRow[]): Promise<{ bad: string[]; known: number }> {
  const all = rows.flatMap((row) => row.expressions);
  const real: string[] = [];
  for (let at = 0; at < all.length; at += PART) real.push(...(await oracle.values(all.slice(at, at + PART))));
  const bad: string[] = [];
  let at = 0;
  let known = 0;
  for (const { row, expressions } of rows) {
    let answered = 0;
    for (const expression of expressions) {
      const wanted = real[at++];
      const model = modelValue(expression);
      if (model.startsWith('?')) continue;
      answered++;
      if (model !== wanted) bad.push(`${row}: ${expression}: weir ${model}, Groovy ${wanted}`);
    }
    if (answered === 0 && expressions.length > 0) bad.push(`${row}: weir knows none of ${expressions[0]}, ...`);
    known += answered;
  }
  return { bad, known };
}

describe('what weir knows of Groovy, asked of real Groovy 2.4.21', () => {
  let oracle: GroovyOracle;
  before(async () => {
    oracle = await startTestOracle(120_000);
  });
  after(() => oracle.close());

  for (const [name, rows] of [
    ['methods and properties', memberExpressions()],
    ['operators', operatorExpressions()],
    ['static methods and constructors', staticExpressions()],
  ] as const) {
    it(`${name}: every row of the table`, { timeout: 240_000 }, async (t) => {
      const { bad, known } = await differences(oracle, rows);
      t.diagnostic(`${rows.length} rows, ${known} expressions answered`);
      assert.deepEqual(bad, []);
    });
  }

  it('no method that a class has counts as surely missing, neither its own nor that of an interface', async () => {
    const asked = Object.entries(SAMPLES).flatMap(([kind, values]) =>
      kind === 'null' ? [] : values.map((value) => ({ kind, value })),
    );
    const names = (of: string) => asked.map(({ value }) => `(${value}).${of}*.name.toSet().join(' ')`);
    const real = await oracle.values([...names('getClass().methods'), ...names('getMetaClass().methods')]);
    const wrong = real.flatMap((line, at) => {
      const { kind, value } = asked[at % asked.length] ?? { kind: '', value: '' };
      assert.match(line, /^s"/, value);
      const missing = line
        .slice(2, -1)
        .split(' ')
        .filter((name) => lacksMethod(kind, name));
      return missing.map((name) => `${kind} ${value}: ${name}`);
    });
    assert.deepEqual(wrong, []);
  });
});
