import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { globSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, matchesGlob, relative } from 'node:path';
import { performance } from 'node:perf_hooks';
import type { FileCounts } from './count-reporter.ts';
import { printStage } from './stage.ts';

/** What node's test runner counted. */
export interface TestCounts {
  readonly tests: number;
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
  /** Wall-clock milliseconds. */
  readonly ms: number;
}

/** One call of `node --test`. */
export interface TestRun {
  readonly name: string;
  /** Options of `node --test`. */
  readonly argv: readonly string[];
  /** Glob of the test files, and of those among them that belong to another run. */
  readonly include: string;
  readonly exclude: string | undefined;
  /** Only files with one of these in their path; all without any. */
  readonly words: readonly string[];
  /** Why this run cannot be done here: its files then count as skipped. */
  readonly skip?: string | undefined;
  /**
   * How often a file with a failure is run at most, and which files: those whose result hangs on the clock of a shared
   * machine. What compares answers is never tried again: another random draw would hide a wrong one.
   */
  readonly again?: { readonly attempts: number; readonly files: string };
}

/** The counts before any run. */
export const NO_TESTS: TestCounts = { tests: 0, passed: 0, failed: 0, skipped: 0, ms: 0 };

/** Runs the tests with node's own reporter on stdout. Not ok when one failed, when the runner died, or without files. */
export async function runTests({
  name,
  argv,
  include,
  exclude,
  words,
  skip,
  again: retry,
}: TestRun): Promise<{ ok: boolean; counts: TestCounts }> {
  const started = performance.now();
  const files = globSync(include)
    .filter((file) => exclude === undefined || !matchesGlob(file, exclude))
    .filter((file) => words.length === 0 || words.some((word) => file.includes(word)))
    .sort();
  if (files.length === 0) return { ok: true, counts: NO_TESTS };
  if (skip !== undefined) {
    printStage(name, 'SKIPPED', 0, `${files.length} files: ${skip}`);
    return { ok: true, counts: { ...NO_TESTS, tests: files.length, skipped: files.length } };
  }
  let last = await attempt(argv, files);
  const byFile = last.files;
  const again = new Set<string>();
  let isShaken = last.code !== 0;
  for (let tries = 1; retry !== undefined && tries < retry.attempts && isShaken; tries += 1) {
    const shaken = failedFiles(byFile).filter((file) => matchesGlob(relative('', file), retry.files));
    if (shaken.length === 0) break;
    for (const file of shaken) again.add(file);
    process.stdout.write(
      `\ntried again, because they failed: ${shaken.map((file) => relative('', file)).join(' ')}\n\n`,
    );
    last = await attempt(argv, shaken);
    Object.assign(byFile, last.files);
    isShaken = last.code !== 0;
  }
  const sums = Object.values(byFile).reduce(addFileCounts, { tests: 0, passed: 0, failed: 0, skipped: 0 });
  const counts = { ...sums, ms: performance.now() - started };
  // The runner's own code counts as well: a file that broke may have counted nothing.
  const ok = !isShaken && counts.failed === 0;
  const shown = again.size > 0 ? `, ${again.size} files tried again` : '';
  printStage(
    name,
    ok ? 'ok' : 'FAILED',
    counts.ms,
    `${counts.passed} passed, ${counts.failed} failed, ${counts.skipped} skipped${shown}`,
  );
  return { ok, counts };
}

/** One run of node's test runner over these files. */
async function attempt(
  argv: readonly string[],
  files: readonly string[],
): Promise<{ code: number; files: Record<string, FileCounts> }> {
  const folder = mkdtempSync(join(tmpdir(), 'weir-test-counts-'));
  const countsFile = join(folder, 'counts.json');
  const reporters = [
    ...['--test-reporter=spec', '--test-reporter-destination=stdout'],
    ...['--test-reporter=./scripts/test/count-reporter.ts', `--test-reporter-destination=${countsFile}`],
  ];
  const child = spawn('node', ['--test', ...argv, ...reporters, ...files], { stdio: ['ignore', 'inherit', 'inherit'] });
  const [code] = await once(child, 'close');
  const counted = readCounts(countsFile);
  rmSync(folder, { recursive: true });
  return { code: code ?? 1, files: counted };
}

function failedFiles(files: Readonly<Record<string, FileCounts>>): string[] {
  return Object.entries(files).flatMap(([file, { failed }]) => (failed > 0 && file !== '' ? [file] : []));
}

function addFileCounts(a: FileCounts, b: FileCounts): FileCounts {
  return {
    tests: a.tests + b.tests,
    passed: a.passed + b.passed,
    failed: a.failed + b.failed,
    skipped: a.skipped + b.skipped,
  };
}

/** The counts of two runs together. */
export function addCounts(a: TestCounts, b: TestCounts): TestCounts {
  return {
    tests: a.tests + b.tests,
    passed: a.passed + b.passed,
    failed: a.failed + b.failed,
    skipped: a.skipped + b.skipped,
    ms: a.ms + b.ms,
  };
}

/** The last lines of the gate, in the form of node's test runner, then in one plain line. */
export function closingLines({ tests, passed, failed, skipped, ms }: TestCounts): string {
  const rows = { tests, pass: passed, fail: failed, skipped, duration_ms: Math.round(ms) };
  const lines = Object.entries(rows).map(([key, value]) => `ℹ ${key} ${value}`);
  return `\n${lines.join('\n')}\n\n${passed} passed, ${failed} failed, ${skipped} skipped\n`;
}

// A runner that died before it could count leaves no numbers: the run then fails by its exit code.
function readCounts(file: string): Record<string, FileCounts> {
  try {
    return JSON.parse(readFileSync(file, 'utf8'));
  } catch {
    return {};
  }
}
