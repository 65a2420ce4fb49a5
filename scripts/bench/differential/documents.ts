/** Documents that were changed after their conversion, before the real mesh router of Dubbo 3.3.6 and the proof. */
import fc from 'fast-check';
import { MeshOracle } from '../../../test/oracle/dubbo/mesh-oracle.ts';
import { type MutantTally, mutantCase, tryMutants } from '../../../test/oracle/dubbo/mutant-trial.ts';

/** Dubbo keeps something of every router that it was asked for: after some 70 plans a process has no memory left. */
const PLANS_OF_ONE = 40;

/** Three changes to the documents of each of `count` plans; resolves to the number of false proofs and misread documents. */
export async function differentialOfDocuments(count: number, seed: number): Promise<number> {
  const tally: MutantTally = { mutants: 0, different: 0, falselyProved: [], misread: [] };
  const cases = fc.sample(mutantCase, { numRuns: count, seed });
  for (let at = 0; at < cases.length; at += PLANS_OF_ONE) {
    await using oracle = await MeshOracle.start();
    for (const one of cases.slice(at, at + PLANS_OF_ONE)) await tryMutants(oracle, one, tally);
  }
  const { mutants, different, falselyProved, misread } = tally;
  for (const told of [...falselyProved.slice(0, 5), ...misread.slice(0, 5)]) console.log(`--- ${told}`);
  console.log(
    `seed ${seed}: ${mutants} changed documents, ${different} of them route a call otherwise; ` +
      `${falselyProved.length} calls of rules that are called proved, ${misread.length} answers of the model that the router does not give`,
  );
  return falselyProved.length + misread.length;
}
