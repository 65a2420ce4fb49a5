/** A run of the gate: its test files in processes side by side, one line at the end, and the counts of all. */
import { globSync } from 'node:fs';
import { matchesGlob, relative } from 'node:path';
import { performance } from 'node:perf_hooks';
import type { FinishedTest } from './count-reporter.ts';
import { printStage } from './stage.ts';
import { runTestProcess, type TestProcessResult } from './test-process.ts';

/** What a run's tests came to. */
export interface TestTally {
  readonly tests: readonly FinishedTest[];
  /** Files that broke outside their tests. */
  readonly broken: number;
  /** Files that could not be run here. */
  readonly skipped: number;
  /** Wall-clock milliseconds. */
  readonly ms: number;
}

/** A set of test files and how they are run. */
export interface TestRun {
  readonly name: string;
  /** Glob of the test files, and of those among them that belong to another run. */
  readonly include: string;
  readonly exclude: string | undefined;
  /** Only files with one of these in their path; all without any. */
  readonly words: readonly string[];
  /** How many processes run side by side. */
  readonly sideBySide: number;
  /** A process has one file, or an equal share of all: quick tests share what they load. */
  readonly filesEach: 'one' | 'share';
  /** Files that take longest, first: none of them is left alone at the end. Parts of their paths. */
  readonly first?: readonly string[];
  /** The file that looks at what the others left, after all of them. A part of its path. */
  readonly last?: string;
  readonly testLimitMs: number;
  readonly processLimitMs: number;
  /** Why this run cannot be done here: its files then count as skipped. */
  readonly skip?: string | undefined;
}

/** The tally before any run. */
export const NO_TESTS: TestTally = { tests: [], broken: 0, skipped: 0, ms: 0 };

/** Runs the tests. Not ok when one failed, when a process broke or did not end; ok without files. */
export async function runTests(run: TestRun): Promise<{ readonly ok: boolean; readonly tally: TestTally }> {
  const started = performance.now();
  const files = filesOf(run);
  if (files.length === 0) return { ok: true, tally: NO_TESTS };
  if (run.skip !== undefined) {
    printStage(run.name, 'SKIPPED', 0, `${files.length} files: ${run.skip}`);
    return { ok: true, tally: { ...NO_TESTS, skipped: files.length } };
  }
  const results = run.filesEach === 'share' ? await runShares(run, files) : await runSideBySide(run, files);
  const ms = performance.now() - started;
  const tally = {
    tests: results.flatMap(({ tests }) => tests),
    broken: results.filter(({ problem }) => problem !== undefined).length,
    skipped: 0,
    ms,
  };
  const ok = results.every((result) => result.ok);
  printStage(run.name, ok ? 'ok' : 'FAILED', ms, countsText(tally));
  return { ok, tally };
}

function filesOf({ include, exclude, words, first = [], last }: TestRun): string[] {
  const order = [...first, '', ...(last === undefined ? [] : [last])];
  const rank = (file: string) => {
    const at = order.findIndex((part) => part !== '' && file.includes(part));
    return at < 0 ? first.length : at;
  };
  return globSync(include)
    .filter((file) => exclude === undefined || !matchesGlob(file, exclude))
    .filter((file) => words.length === 0 || words.some((word) => file.includes(word)))
    .sort((a, b) => rank(a) - rank(b) || (a < b ? -1 : 1));
}

/** Every n-th file: neighbours, which are alike, go to different processes. */
async function runShares(run: TestRun, files: readonly string[]): Promise<TestProcessResult[]> {
  const count = Math.min(run.sideBySide, files.length);
  const shares = Array.from({ length: count }, (_, share) => files.filter((_file, index) => index % count === share));
  return await Promise.all(shares.map(async (share, slot) => await runFiles(run, share, slot)));
}

async function runSideBySide(run: TestRun, files: readonly string[]): Promise<TestProcessResult[]> {
  const { last } = run;
  const queue = files.filter((file) => last === undefined || !file.includes(last));
  const results: TestProcessResult[] = [];
  const work = async (slot: number) => {
    for (let file = queue.shift(); file !== undefined; file = queue.shift()) {
      results.push(await runFiles(run, [file], slot));
    }
  };
  await Promise.all(Array.from({ length: run.sideBySide }, (_, slot) => work(slot)));
  for (const file of files.slice(results.length)) results.push(await runFiles(run, [file], 0));
  return results;
}

/** `slot` is which of the processes side by side this is, from 0. */
async function runFiles(run: TestRun, files: readonly string[], slot: number): Promise<TestProcessResult> {
  const isQuiet = run.sideBySide > 1;
  const started = performance.now();
  const { testLimitMs, processLimitMs: limitMs } = run;
  const result = await runTestProcess({ files, testLimitMs, limitMs, isQuiet, ports: portsOf(slot, run.sideBySide) });
  const seconds = ((performance.now() - started) / 1000).toFixed(1);
  const what = files.length === 1 ? relative('', files[0] ?? '') : `${files.length} files`;
  const cpu = result.cpuSeconds.toFixed(1);
  if (isQuiet) process.stdout.write(`\n${what} (${seconds} s, ${cpu} s of processor time)\n${result.output}`);
  if (result.problem !== undefined) process.stdout.write(`${run.name}: ${what}: ${result.problem}\n`);
  return result;
}

/**
 * Ports for servers of tests, below those that the kernel gives to clients. Of a slot alone: what still asks for a server
 * that is gone must not reach one of another file.
 */
function portsOf(slot: number, slots: number): string {
  const each = Math.floor(9000 / slots);
  return `${21_000 + slot * each}-${21_000 + (slot + 1) * each - 1}`;
}

/** The tallies of two runs together. */
export function addTallies(a: TestTally, b: TestTally): TestTally {
  return {
    tests: [...a.tests, ...b.tests],
    broken: a.broken + b.broken,
    skipped: a.skipped + b.skipped,
    ms: a.ms + b.ms,
  };
}

/** How many lines of a failure are repeated at the end: the whole stands where the test ran. */
const ERROR_LINES = 40;

/**
 * The failed tests with their errors, the ten slowest tests, a line each, then the closing lines in the form of node's
 * test runner and in one plain line.
 */
export function closingText(tally: TestTally): string {
  const failures = tally.tests.filter(({ outcome }) => outcome === 'failed');
  const slowest = tally.tests.toSorted((a, b) => b.ms - a.ms).slice(0, 10);
  const slow = slowest.map(
    ({ name, file, ms }) => `${(ms / 1000).toFixed(1).padStart(7)} s  ${relative('', file)}: ${name}`,
  );
  const { passed, failed, skipped } = countsOf(tally);
  const rows = {
    tests: passed + failed + skipped,
    pass: passed,
    fail: failed,
    skipped,
    duration_ms: Math.round(tally.ms),
  };
  const lines = Object.entries(rows).map(([key, value]) => `ℹ ${key} ${value}`);
  return `${failures.map(failureText).join('')}\nslowest tests\n${slow.join('\n')}\n\n${lines.join('\n')}\n\n${countsText(tally)}\n`;
}

function failureText({ name, file, error = '' }: FinishedTest): string {
  const lines = error.split('\n');
  const shown = lines.length > ERROR_LINES ? [...lines.slice(0, ERROR_LINES), '...'] : lines;
  return `\nfailed: ${relative('', file)}: ${name}\n${shown.map((line) => `  ${line}\n`).join('')}`;
}

/** How many tests there were; a file that broke counts as a failed test. */
export function countsOf({ tests, broken, skipped }: TestTally): { passed: number; failed: number; skipped: number } {
  const count = (outcome: FinishedTest['outcome']) => tests.filter((test) => test.outcome === outcome).length;
  return { passed: count('passed'), failed: count('failed') + broken, skipped: count('skipped') + skipped };
}

function countsText(tally: TestTally): string {
  const { passed, failed, skipped } = countsOf(tally);
  return `${passed} passed, ${failed} failed, ${skipped} skipped`;
}
