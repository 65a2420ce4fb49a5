/**
 * Flips operators in the pure folders, one at a time, and runs the twelve nearest unit tests that load the file: what none notices
 * is printed. `npm run mutants -- [--sample N] [--seed S] [--least PERCENT] [PATH..]`; without `--sample` all mutants of
 * the paths are tried (all pure folders take hours). Ends with 1 when fewer than `--least` percent were killed.
 */
import { globSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { parseArgs } from 'node:util';
import { findMutants, type Mutant } from './mutants/find-mutants.ts';
import { testsBySource } from './mutants/tests-of.ts';
import { type Fate, folderOf, MutantTree } from './mutants/try-mutant.ts';

const PURE = [
  'src/mesh/*.ts',
  'src/mesh/yaml/*.ts',
  'src/interception/rules/**/*.ts',
  'src/sidecar/machine/*.ts',
  'src/sidecar/envoy/*.ts',
  'src/discovery/{agent,guard,registry,resources,world,xds}/**/*.ts',
  'src/platform/metrics/*.ts',
  'src/rules/{plan,read,targets,models,equivalence,report,lint}/*.ts',
  'src/rules/groovy/**/*.ts',
];

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    sample: { type: 'string' },
    seed: { type: 'string', default: String(Date.now() % 1_000_000) },
    least: { type: 'string', default: '0' },
  },
});

const files = globSync(PURE)
  .filter((file) => positionals.length === 0 || positionals.some((path) => file.startsWith(path)))
  .sort();
const all = files.flatMap(findMutants);
const chosen = values.sample === undefined ? all : drawSample(all, Number(values.sample), Number(values.seed));
const tests = testsBySource();
process.stdout.write(`${all.length} mutants in ${files.length} files, ${chosen.length} tried, seed ${values.seed}\n`);

const fates = new Map<Mutant, Fate>();
const queue = [...chosen];
await Promise.all(
  Array.from({ length: availableParallelism() }, async () => {
    const tree = new MutantTree();
    try {
      for (let mutant = queue.shift(); mutant !== undefined; mutant = queue.shift()) {
        const fate = await tree.try(mutant, tests.get(mutant.file) ?? []);
        fates.set(mutant, fate);
        if (fate === 'killed') continue;
        const { file, line, text, replacement } = mutant;
        process.stdout.write(`${fate}  ${file}:${line}  ${text} -> ${replacement === '' ? 'nothing' : replacement}\n`);
      }
    } finally {
      tree.remove();
    }
  }),
);

const folders = [...new Set(chosen.map(({ file }) => folderOf(file)))].sort();
const rows = folders.map((folder) => [folder, ...countsOf(chosen.filter(({ file }) => folderOf(file) === folder))]);
process.stdout.write(`\n${rowText(['folder', 'made', 'killed', 'survived', 'untested'])}\n`);
for (const row of [...rows, ['all', ...countsOf(chosen)]]) process.stdout.write(`${rowText(row)}\n`);
const killed = [...fates.values()].filter((fate) => fate === 'killed').length;
const percent = Math.round((100 * killed) / Math.max(1, chosen.length));
process.stdout.write(`\n${percent} % killed\n`);
process.exitCode = percent < Number(values.least) ? 1 : 0;

function countsOf(mutants: readonly Mutant[]): number[] {
  const count = (fate: Fate) => mutants.filter((mutant) => fates.get(mutant) === fate).length;
  return [mutants.length, count('killed'), count('survived'), count('untested')];
}

function rowText(cells: readonly (string | number)[]): string {
  return cells.map((cell, index) => (index === 0 ? String(cell).padEnd(32) : String(cell).padStart(10))).join('');
}

/** A sample without repetition; the same seed gives the same one for the same tree. Generator: mulberry32. */
function drawSample(mutants: readonly Mutant[], size: number, seed: number): Mutant[] {
  let state = seed;
  const random = () => {
    state = (state + 0x6d2b79f5) | 0;
    let value = Math.imul(state ^ (state >>> 15), 1 | state);
    value = (value + Math.imul(value ^ (value >>> 7), 61 | value)) ^ value;
    return ((value ^ (value >>> 14)) >>> 0) / 2 ** 32;
  };
  const left = [...mutants];
  return Array.from({ length: Math.min(size, left.length) }, () => {
    const [one] = left.splice(Math.floor(random() * left.length), 1);
    return one as Mutant;
  });
}
