/** Documents that somebody changed: the proof against the real mesh router. */
import assert from 'node:assert/strict';
import { it } from 'node:test';
import * as fc from 'fast-check';
import { MeshOracle } from '../oracle/dubbo/mesh-oracle.ts';
import { type MutantTally, mutantCase, tryMutants } from '../oracle/dubbo/mutant-trial.ts';

it('a changed document is never proved equal where the real router answers otherwise', async () => {
  await using oracle = await MeshOracle.start();
  const tally: MutantTally = { mutants: 0, different: 0, falselyProved: [], misread: [] };
  for (const one of fc.sample(mutantCase, { numRuns: 20, seed: 20261129 })) await tryMutants(oracle, one, tally);
  assert.deepEqual(tally.falselyProved.slice(0, 3), []);
  assert.deepEqual(tally.misread.slice(0, 3), []);
  assert.ok(tally.different > 3, `${tally.different} of ${tally.mutants} mutants are different`);
});
