/** One process of node's test runner: starts it, ends it at its limit, reads what it counted. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { text } from 'node:stream/consumers';
import type { FinishedTest } from './count-reporter.ts';

/** How a process of test files is run. */
export interface TestProcess {
  readonly files: readonly string[];
  /** Milliseconds that one test may take. */
  readonly testLimitMs: number;
  /** Milliseconds until the process and its children are killed. */
  readonly limitMs: number;
  /** Whether the output is shown only at the end, so that processes side by side do not mix their lines. */
  readonly isQuiet: boolean;
  /** First and last port for its servers, `21000-23249`. */
  readonly ports: string;
}

/** What came of a process. */
export interface TestProcessResult {
  readonly ok: boolean;
  readonly tests: readonly FinishedTest[];
  /** Why it is not ok although no test failed, else undefined. */
  readonly problem: string | undefined;
  /** What it wrote, when it was quiet. */
  readonly output: string;
  /** Seconds of processor time of it and of all that it waited for; NaN where the kernel does not say. */
  readonly cpuSeconds: number;
}

/** Where Node keeps what it compiled from TypeScript. */
const COMPILED = resolve('.cache/compile');

/** Runs the files in one process. A process that outlives its limit is killed with its whole group, and is not ok. */
export async function runTestProcess({
  files,
  testLimitMs,
  limitMs,
  isQuiet,
  ports,
}: TestProcess): Promise<TestProcessResult> {
  const folder = mkdtempSync(join(tmpdir(), 'weir-test-counts-'));
  const countsFile = join(folder, 'counts.json');
  const argv = [
    ...['--test', '--test-isolation=none', `--test-timeout=${testLimitMs}`],
    ...['--test-reporter=spec', '--test-reporter-destination=stdout'],
    ...['--test-reporter=./scripts/test/count-reporter.ts', `--test-reporter-destination=${countsFile}`],
  ];
  const io = isQuiet ? 'pipe' : 'inherit';
  // A group of its own: what a hanging test has started ends with it.
  // Each process loads much of src/, and would strip its types anew.
  const env = { ...process.env, NODE_COMPILE_CACHE: COMPILED, WEIR_TEST_PORTS: ports };
  const child = spawn('node', [...argv, ...files], { stdio: ['ignore', io, io], detached: true, env });
  const endGroup = () => {
    if (child.pid !== undefined && child.exitCode === null) process.kill(-child.pid, 'SIGKILL');
  };
  process.once('exit', endGroup);
  let isLate = false;
  const limit = setTimeout(() => {
    isLate = true;
    endGroup();
  }, limitMs);
  const output = isQuiet && child.stdout && child.stderr ? Promise.all([text(child.stdout), text(child.stderr)]) : [];
  const cpu = cpuOfEnded(child);
  const [code] = await once(child, 'close');
  clearTimeout(limit);
  process.removeListener('exit', endGroup);
  const tests = readTests(countsFile);
  rmSync(folder, { recursive: true });
  const hasFailure = tests.some(({ outcome }) => outcome === 'failed');
  const problem = isLate ? `did not end within ${limitMs / 1000} s` : problemOf(code, tests.length, hasFailure);
  return {
    ok: problem === undefined && !hasFailure,
    tests,
    problem,
    output: (await output).join(''),
    cpuSeconds: await cpu,
  };
}

/** Clock ticks a second, in which the kernel gives processor time to programs (USER_HZ). */
const TICKS_A_SECOND = 100;

/** The time of children that ended, as far as it was read, in ticks. */
let counted: number | undefined;

/** What the ended child adds to this process's time of children that it waited for (proc(5): cutime and cstime). */
async function cpuOfEnded(child: ChildProcess): Promise<number> {
  counted ??= ticksOfEnded();
  await once(child, 'exit');
  const ticks = ticksOfEnded();
  const added = ticks - counted;
  counted = ticks;
  return added / TICKS_A_SECOND;
}

function ticksOfEnded(): number {
  try {
    const fields = readFileSync('/proc/self/stat', 'utf8').split(') ').at(-1)?.split(' ') ?? [];
    return Number(fields[13]) + Number(fields[14]);
  } catch {
    return Number.NaN;
  }
}

function problemOf(code: number | null, tests: number, hasFailure: boolean): string | undefined {
  if (code === null) return 'was killed';
  if (tests === 0) return `ended with ${code} before a test was over`;
  return code !== 0 && !hasFailure ? `ended with ${code} although no test failed` : undefined;
}

// A process that died before it could count leaves no file: it is then not ok for want of tests.
function readTests(file: string): readonly FinishedTest[] {
  try {
    return JSON.parse(readFileSync(file, 'utf8'));
  } catch {
    return [];
  }
}
