import { type ChildProcess, spawn } from 'node:child_process';
import { chmodSync, copyFileSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { WeirError } from '../../errors/weir-error.ts';
import type { JavaTypeShape, RoutingCall, RoutingProvider } from '../../routing/case-file.ts';
import { runTool } from '../exec.ts';

/** Outcome of a call on real Groovy: provider ids, or `ALL(ignored)`, `ERROR:<class>`, `UNASKABLE`. */
export type OracleOutcome = readonly string[] | string;

/** What the oracle is made of. */
export interface GroovyOracleOptions {
  /** groovy-all. */
  readonly jar: string;
  /** GroovyOracle.java. */
  readonly source: string;
  /** For one question, in milliseconds. */
  readonly deadlineMs?: number;
  /** Ends the process when it aborts. */
  readonly signal?: AbortSignal;
}

const START_DEADLINE_MS = 60_000;
const QUESTION_DEADLINE_MS = 20_000;
const PROBE_DEADLINE_MS = 5000;
const NOBODY = '65534';

// What is tried in turn: as root no network, a process namespace that takes every descendant along, and the account of
// nobody; else a user namespace without network.
const ROOT_CAGE = [
  ...['setpriv', '--pdeathsig', 'KILL', '--', 'unshare', '--net', '--pid', '--fork', '--kill-child', '--'],
  ...['setpriv', '--reuid', NOBODY, '--regid', NOBODY, '--clear-groups', '--no-new-privs', '--pdeathsig', 'KILL', '--'],
];
const USER_CAGE = ['unshare', '--map-root-user', '--net', '--pid', '--fork', '--kill-child', '--'];

/**
 * A Java process that compiles scripts on real Groovy and runs calls, caged off from the network where the kernel lets
 * weir do so. One that gives no answer in time is killed; the next question starts another.
 */
export class GroovyOracle {
  /** Whether the process has no network. */
  readonly isCaged: boolean;
  readonly #argv: readonly [string, ...string[]];
  readonly #folder: string;
  readonly #deadlineMs: number;
  #process: OracleProcess | null = null;

  private constructor(folder: string, cage: readonly string[], deadlineMs: number) {
    const java = ['java', '-Xmx256m', '-XX:TieredStopAtLevel=1', '-XX:-UsePerfData', '-Dfile.encoding=UTF-8'];
    this.#argv = [...cage, ...java, '-cp', 'groovy.jar', 'GroovyOracle.java'] as unknown as [string, ...string[]];
    this.#folder = folder;
    this.#deadlineMs = deadlineMs;
    this.isCaged = cage.length > 0;
  }

  /** Starts one and waits until it answers. @throws WeirError WEIR5029 without a Java that runs source files. */
  static async start(options: GroovyOracleOptions): Promise<GroovyOracle> {
    const cage = await findCage();
    // Copies that any account may read: a home folder is closed to nobody.
    const folder = mkdtempSync(join(tmpdir(), 'weir-groovy-'));
    chmodSync(folder, 0o755);
    copyFileSync(options.jar, join(folder, 'groovy.jar'));
    copyFileSync(options.source, join(folder, 'GroovyOracle.java'));
    for (const name of ['groovy.jar', 'GroovyOracle.java']) chmodSync(join(folder, name), 0o644);
    const oracle = new GroovyOracle(folder, cage, options.deadlineMs ?? QUESTION_DEADLINE_MS);
    try {
      oracle.#process = await oracle.#launch();
      options.signal?.addEventListener('abort', () => oracle.close());
    } catch (error) {
      oracle.close();
      throw error;
    }
    return oracle;
  }

  /**
   * Outcomes of the calls, in their order.
   * @throws WeirError WEIR5030 when the script keeps it from answering in time, or ends it
   */
  async ask(
    script: string,
    providers: readonly RoutingProvider[],
    calls: readonly RoutingCall[],
    types: Readonly<Record<string, JavaTypeShape>> = {},
  ): Promise<OracleOutcome[]> {
    this.#process ??= await this.#launch();
    const answer = await this.#process.ask(JSON.stringify({ script, providers, calls, types }), this.#deadlineMs);
    if (answer.line !== null) return JSON.parse(answer.line) as OracleOutcome[];
    this.#process.kill();
    this.#process = null;
    throw new WeirError('WEIR5030', {
      what: 'real Groovy gave no answer',
      why: answer.late ? `none came in ${this.#deadlineMs} ms` : `its process ended: ${answer.stderr || 'no message'}`,
      hint: 'read the script for loops without end, exits and waiting; the proof against the documents stands without it',
    });
  }

  /** Ends the process and removes its files. */
  close(): void {
    this.#process?.kill();
    this.#process = null;
    rmSync(this.#folder, { recursive: true, force: true });
  }

  async #launch(): Promise<OracleProcess> {
    const process = new OracleProcess(this.#argv, this.#folder);
    const { line, stderr } = await process.ask(null, START_DEADLINE_MS);
    if (line === 'ready') return process;
    process.kill();
    throw new WeirError('WEIR5029', {
      what: 'real Groovy cannot be run',
      why: stderr || 'java did not start',
      hint: 'install a JDK of version 11 or later (Debian: default-jdk-headless), so that `java File.java` works',
    });
  }
}

async function findCage(): Promise<readonly string[]> {
  for (const cage of process.getuid?.() === 0 ? [ROOT_CAGE, USER_CAGE] : [USER_CAGE]) {
    const [first = '', ...rest] = cage;
    const probe = runTool([first, ...rest, 'true'], { timeoutMs: PROBE_DEADLINE_MS, reject: false });
    const works = await probe.then(
      ({ exitCode }) => exitCode === 0,
      () => false,
    );
    if (works) return cage;
  }
  return [];
}

interface OracleAnswer {
  /** Null: there was none. */
  readonly line: string | null;
  readonly late: boolean;
  /** The end of what the process wrote there. */
  readonly stderr: string;
}

class OracleProcess {
  readonly #child: ChildProcess;
  readonly #lines: AsyncIterator<string>;
  #stderr = '';

  constructor([file, ...args]: readonly [string, ...string[]], cwd: string) {
    this.#child = spawn(file, args, {
      cwd,
      stdio: ['pipe', 'pipe', 'pipe'],
      env: { PATH: process.env.PATH ?? '', LC_ALL: 'C', HOME: cwd },
    });
    this.#child.on('error', (error) => {
      this.#stderr += error.message;
    });
    // What is written to a process that has just ended is of no use to anybody.
    this.#child.stdin?.on('error', () => undefined);
    // Scripts print there as well: only the end is kept.
    this.#child.stderr?.on('data', (chunk) => {
      this.#stderr = `${this.#stderr}${String(chunk)}`.slice(-500);
    });
    if (this.#child.stdout === null) throw new TypeError('an oracle needs pipes');
    this.#lines = createInterface({ input: this.#child.stdout })[Symbol.asyncIterator]();
  }

  async ask(question: string | null, deadlineMs: number): Promise<OracleAnswer> {
    if (question !== null) this.#child.stdin?.write(`${question}\n`);
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<'late'>((resolve) => {
      timer = setTimeout(() => resolve('late'), deadlineMs);
    });
    const next = await Promise.race([this.#lines.next(), late]);
    clearTimeout(timer);
    const stderr = this.#stderr.trim();
    if (next === 'late') return { line: null, late: true, stderr };
    return { line: next.done === true ? null : next.value, late: false, stderr };
  }

  kill(): void {
    this.#child.kill('SIGKILL');
  }
}
