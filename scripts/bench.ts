/**
 * All benches in one run, each in its short form: `npm run bench [-- --only NAME,..]`. Gathers their figures into
 * docs/benchmarks.json and docs/benchmarks.md; a bench that does not run keeps what was found before. What benches print
 * goes to out/bench/NAME.log. Ctrl-C ends the bench that runs and keeps what is done. Ends with 1 when a bench failed.
 */
import { spawn } from 'node:child_process';
import { closeSync, mkdirSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { availableParallelism, cpus, loadavg, release, totalmem } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { BENCHES, type Bench } from './bench/benches.ts';
import { FIGURES_FILE, type Figure } from './bench/figure.ts';
import { benchmarksPage, summary } from './bench/page/markdown.ts';
import { type BenchResult, isMet, mergeResults } from './bench/page/results.ts';
import { buildFacts } from './build/build-facts.ts';

/** How long a bench may take to clear up after it was told to end. */
const PATIENCE_MS = 30_000;

const root = join(import.meta.dirname, '..');
const json = join(root, 'docs', 'benchmarks.json');
const logs = join(root, 'out', 'bench');
const names = BENCHES.map(({ name }) => name);
const { values } = parseArgs({ options: { only: { type: 'string', multiple: true } } });
const wanted = values.only?.flatMap((list) => list.split(',')) ?? names;
const unknown = wanted.filter((name) => !names.includes(name));
if (unknown.length > 0) {
  process.stderr.write(`--only takes ${names.join(', ')}; not ${unknown.join(', ')}\n`);
  process.exit(2);
}

let isOver = false;
const commit = buildFacts().commit;
const fresh: BenchResult[] = [];
mkdirSync(logs, { recursive: true });
for (const bench of BENCHES.filter(({ name }) => wanted.includes(name))) {
  if (isOver) break;
  process.stdout.write(`${bench.name.padEnd(13)} at most ${bench.minutes} min `);
  const result = await run(bench);
  fresh.push(result);
  process.stdout.write(`${result.end} after ${Math.round(result.seconds)} s: ${verdicts(result)}\n`);
  save();
}
process.stdout.write(`\nthis run: ${summary(fresh)}docs/benchmarks.md has all figures\n`);
process.exit(isOver || fresh.some(({ end }) => end === 'failed') ? 1 : 0);

async function run({ name, argv: [script, ...args], minutes }: Bench): Promise<BenchResult> {
  const figuresFile = join(logs, `${name}.figures`);
  rmSync(figuresFile, { force: true });
  const log = openSync(join(logs, `${name}.log`), 'w');
  const before = loadavg()[0] ?? 0;
  const began = performance.now();
  const child = spawn(process.execPath, ['--expose-gc', join(root, 'scripts', 'bench', script), ...args], {
    env: { ...process.env, [FIGURES_FILE]: figuresFile },
    stdio: ['ignore', log, log],
    // A session of its own: Ctrl-C reaches this process alone, which ends the bench and waits until it has cleared up.
    detached: true,
  });
  let isStopped = false;
  const stop = () => {
    isStopped = true;
    child.kill('SIGTERM');
    setTimeout(() => child.kill('SIGKILL'), PATIENCE_MS).unref();
  };
  const onSignal = () => {
    isOver = true;
    stop();
  };
  const limit = setTimeout(stop, minutes * 60_000);
  process.on('SIGINT', onSignal).on('SIGTERM', onSignal);
  const code = await new Promise((resolve) => child.once('error', resolve).once('close', resolve));
  clearTimeout(limit);
  process.off('SIGINT', onSignal).off('SIGTERM', onSignal);
  closeSync(log);
  if (isStopped && child.pid !== undefined) endGroup(child.pid);
  const figures = readLines(figuresFile);
  // Some end with 1 for a figure that missed its goal: that is a result.
  const isDone = code === 0 || (code === 1 && figures.some((one) => isMet(one) === false));
  return {
    ...{
      name,
      command: ['node', `scripts/bench/${script}`, ...args].join(' '),
      date: new Date().toISOString(),
      commit,
      seconds: (performance.now() - began) / 1000,
    },
    end: isStopped ? 'stopped' : isDone ? 'done' : 'failed',
    machine: {
      ...{ cores: availableParallelism(), cpu: cpus()[0]?.model.trim() ?? 'unknown' },
      ...{ memoryGb: Math.round(totalmem() / 2 ** 30), kernel: release(), node: process.versions.node },
    },
    ...{ load: [before, loadavg()[0] ?? 0], figures },
  };
}

/** What a bench that was ended has left behind. */
function endGroup(leader: number): void {
  try {
    process.kill(-leader, 'SIGKILL');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}

function readLines(file: string): Figure[] {
  const text = readIfThere(file) ?? '';
  // A bench that was killed may have left half a line.
  const whole = text.slice(0, text.lastIndexOf('\n') + 1);
  const lines = whole.split('\n').filter((line) => line !== '');
  return lines.map((line) => JSON.parse(line));
}

function readIfThere(file: string): string | null {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw error;
  }
}

function verdicts({ figures }: BenchResult): string {
  const missed = figures.filter((one) => isMet(one) === false).map(({ what }) => what);
  const text = missed.length === 0 ? '' : `; missed: ${missed.join(' | ')}`;
  return `${figures.length} figures${text}`;
}

function save(): void {
  const former: BenchResult[] = JSON.parse(readIfThere(json) ?? '[]');
  const results = mergeResults(former, fresh, names);
  writeFileSync(json, `${JSON.stringify(results, null, 1)}\n`);
  writeFileSync(join(root, 'docs', 'benchmarks.md'), benchmarksPage(results, names));
}
