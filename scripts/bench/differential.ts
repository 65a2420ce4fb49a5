/**
 * Generates legacy rules and asks a real engine and weir about the same calls:
 * `npm run bench:differential -- conditions|tags|javascript|scripts|documents N SEED [engine...]`. Prints the counts by arm and by construct, and each
 * rule that was answered wrongly. Ends with 1 when there is one.
 */
import { differentialOfDocuments } from './differential/documents.ts';
import { differentialOfRouters } from './differential/routers.ts';
import { differentialOfScripts } from './differential/scripts.ts';
import { record } from './figure.ts';

/** One kind of rule: how many, from which seed, and what else was asked; resolves to the number of wrong rules. */
type Differential = (rules: number, seed: number, rest: readonly string[]) => Promise<number>;

const KINDS: Readonly<Record<string, Differential>> = {
  conditions: (rules, seed, rest) => differentialOfRouters('conditions', rules, seed, rest),
  documents: (rules, seed) => differentialOfDocuments(rules, seed),
  javascript: (rules, seed, rest) => differentialOfRouters('javascript', rules, seed, rest),
  scripts: (rules, seed) => differentialOfScripts(rules, seed),
  tags: (rules, seed, rest) => differentialOfRouters('tags', rules, seed, rest),
};

const [kind = '', count = '2000', seed = String(Date.now() % 2 ** 31), ...rest] = process.argv.slice(2);
const run = KINDS[kind];
if (run === undefined) {
  process.stderr.write(`the first argument is one of ${Object.keys(KINDS).join(', ')}\n`);
  process.exit(2);
}
const wrong = await run(Number(count), Number(seed), rest);
record({
  ...{
    what: `generated ${kind} of seed ${seed} answered otherwise than by the real engine, of ${count}`,
    unit: '',
    weir: wrong,
  },
  goal: { most: 0 },
});
process.exitCode = wrong > 0 ? 1 : 0;
