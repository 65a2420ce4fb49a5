/**
 * Start-up cost of weir beside a bare Node, interleaved so that a busy machine disturbs all alike.
 * Targets: `--version` under 1.5 times `node -e 0`, a plain command under 3.5 times (medians). Arguments: rounds, and the
 * path of a packaged weir, whose lines have as their target those of the npm form.
 *
 * Both executables are written anew by one call each: how fast the kernel maps a file that was just unpacked depends on
 * the blocks in which it was written (2 to 6 ms of a start here), until the cache is filled from the disk.
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { record } from './figure.ts';

const bin = join(import.meta.dirname, '..', '..', 'bin', 'run.js');
const rounds = Number(process.argv[2] ?? 20);
const folder = mkdtempSync(join(tmpdir(), 'weir-startup-'));
process.on('exit', () => rmSync(folder, { recursive: true, force: true }));
const node = writtenAnew(process.execPath, 'node');
const packaged = process.argv[3] === undefined ? undefined : writtenAnew(process.argv[3], 'weir');

const plain = [
  { name: 'node -e 0', args: ['-e', '0'], target: undefined },
  { name: 'weir --version', args: [bin, '--version'], target: 1.5 },
  { name: 'weir --help', args: [bin, '--help'], target: undefined },
  { name: 'weir help exit-codes', args: [bin, 'help', 'exit-codes'], target: 3.5 },
  { name: 'weir help exit-codes --json', args: [bin, 'help', 'exit-codes', '--json'], target: 3.5 },
] as const;
interface Case {
  readonly name: string;
  readonly args: readonly string[];
  readonly target: number | undefined;
  /** The case of the npm form that this one is compared with. */
  readonly beside?: number;
}
const cases: readonly Case[] = [
  ...plain,
  ...plain.flatMap(({ name, args: [file, ...args] }, beside) =>
    packaged === undefined || file !== bin
      ? []
      : [{ name: name.replace('weir', 'packaged'), args, target: undefined, beside }],
  ),
];

const samples = cases.map(() => [] as number[]);
for (let round = 0; round <= rounds; round++) {
  for (const [index, { name, args, beside }] of cases.entries()) {
    const started = performance.now();
    const { status } = spawnSync(beside === undefined ? node : (packaged ?? ''), args, { stdio: 'ignore' });
    const ms = performance.now() - started;
    if (status !== 0) throw new Error(`${name} ended with ${status}`);
    // The first round fills the compile cache.
    if (round > 0) samples[index]?.push(ms);
  }
}

const sorted = samples.map((values) => values.toSorted((a, b) => a - b));
const median = (values: readonly number[]) => values[Math.floor(values.length / 2)] ?? Number.NaN;
const base = median(sorted[0] ?? []);

process.stdout.write(`${rounds} interleaved runs, ms; node ${process.versions.node}\n\n`);
process.stdout.write(
  `${'command'.padEnd(30)}${'min'.padStart(8)}${'median'.padStart(8)}${'ratio'.padStart(8)}  target\n`,
);
for (const [index, { name, target, beside }] of cases.entries()) {
  const values = sorted[index] ?? [];
  const ratio = median(values) / base;
  const goal = beside === undefined ? target : median(sorted[beside] ?? []) / base;
  if (target !== undefined)
    record({
      ...{ what: `start to end of \`${name}\``, unit: 'of `node -e 0`', weir: ratio },
      ...{ limit: { name: 'node -e 0', value: 1 }, goal: { most: target } },
    });
  const verdict = goal === undefined ? '' : `< ${goal.toFixed(2)} ${ratio < goal ? 'met' : 'MISSED'}`;
  const columns = [values[0] ?? Number.NaN, median(values), ratio].map((value) =>
    value.toFixed(value < 10 ? 2 : 1).padStart(8),
  );
  process.stdout.write(`${name.padEnd(30)}${columns.join('')}  ${verdict}\n`);
}

function writtenAnew(file: string, name: string): string {
  const copy = join(folder, name);
  writeFileSync(copy, readFileSync(file), { mode: 0o755 });
  return copy;
}
