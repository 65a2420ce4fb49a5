/**
 * The tree in numbers: files, lines, share of comment lines, file lengths, test lines to source lines, and imports from one
 * part of src/ into another. `npm run tree`.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { $ } from 'zx';
import { readImports } from '../test/contract/import-graph.ts';

const root = join(import.meta.dirname, '..');
const listed = (await $({ cwd: root, quiet: true })`git ls-files *.ts`).stdout.trim().split('\n');
const folders = [
  ...new Set(listed.filter((file) => file.startsWith('src/')).map((file) => file.split('/').slice(0, 2).join('/'))),
];

const rows = [
  ...folders.map((folder) => [folder, measure(`${folder}/`)] as const),
  ['src', measure('src/')] as const,
  ['test', measure('test/')] as const,
  ['scripts', measure('scripts/')] as const,
];
process.stdout.write(`${row(['folder', 'files', 'lines', 'comments', 'median', 'p95', 'max'])}\n`);
for (const [name, { files, lines, comments, median, p95, max }] of rows) {
  process.stdout.write(`${row([name, files, lines, `${comments} %`, median, p95, max])}\n`);
}
const ratio = measure('test/').lines / measure('src/').lines;
process.stdout.write(`\ntest lines to source lines: ${ratio.toFixed(2)}\n`);
const own = readImports().filter(({ to }) => /\.tsx?$/.test(to));
const crossing = own.filter(({ from, to }) => from.split('/')[0] !== to.split('/')[0]);
const share = ((100 * crossing.length) / own.length).toFixed(1);
process.stdout.write(`imports that cross a top folder: ${crossing.length} of ${own.length}, ${share} %\n`);

function measure(prefix: string) {
  const texts = listed
    .filter((file) => file.startsWith(prefix))
    .map((file) => readFileSync(join(root, file), 'utf8').split('\n'));
  const lengths = texts.map((lines) => lines.length - 1).toSorted((a, b) => a - b);
  const all = texts.flat().filter((line) => line.trim() !== '');
  const comments = all.filter((line) => /^\s*(?:\/\/|\/\*|\*)/.test(line)).length;
  const at = (share: number): number => lengths[Math.min(lengths.length - 1, Math.floor(lengths.length * share))] ?? 0;
  return {
    files: lengths.length,
    lines: lengths.reduce((sum, length) => sum + length, 0),
    comments: Math.round((100 * comments) / all.length),
    median: at(0.5),
    p95: at(0.95),
    max: lengths.at(-1) ?? 0,
  };
}

function row(cells: readonly (string | number)[]): string {
  return cells.map((cell, index) => (index === 0 ? String(cell).padEnd(18) : String(cell).padStart(9))).join('');
}
