/** A Java program that is asked line by line, in a process without network, killed when it hangs. */
import { type ChildProcess, spawn } from 'node:child_process';
import { chmodSync, copyFileSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { WeirError } from '../../../errors/weir-error.ts';
import { runTool } from '../../../platform/exec.ts';

/** A program and its limits. */
export interface CagedJavaOptions {
  /** The engine's name at the begin of a sentence: `real Groovy`. */
  readonly engine: string;
  /** Files of its folder: name there, and where each lies. */
  readonly files: Readonly<Record<string, string>>;
  /** Source files of the folder that are compiled first; none if omitted. */
  readonly compile?: readonly string[] | undefined;
  /** Arguments of `java`, run in the folder. */
  readonly args: readonly string[];
  /** For one question, in milliseconds. */
  readonly deadlineMs: number;
  /** Without a process that has no network, nothing is started. */
  readonly mustBeCaged: boolean;
  /** Ends the process when it aborts. */
  readonly signal?: AbortSignal | undefined;
}

const START_DEADLINE_MS = 60_000;
const PROBE_DEADLINE_MS = 5000;
const NOBODY = '65534';

// The first cage needs root: no network, the account of nobody, and a process namespace that ends every descendant with
// it. The second cage, a user namespace without network, needs no root.
const ROOT_CAGE = [
  ...['setpriv', '--pdeathsig', 'KILL', '--', 'unshare', '--net', '--pid', '--fork', '--kill-child', '--'],
  ...['setpriv', '--reuid', NOBODY, '--regid', NOBODY, '--clear-groups', '--no-new-privs', '--pdeathsig', 'KILL', '--'],
];
const USER_CAGE = ['unshare', '--map-root-user', '--net', '--pid', '--fork', '--kill-child', '--'];

/**
 * A Java program that says `ready`, then answers one JSON line with one JSON line, caged off from the network where the kernel
 * lets weir do so. One that gives no answer in time is killed; the next question starts another.
 */
export class CagedJava {
  /** Whether the process has no network. */
  readonly isCaged: boolean;
  readonly #engine: string;
  readonly #argv: readonly [string, ...string[]];
  readonly #folder: string;
  readonly #deadlineMs: number;
  #process: OracleProcess | null = null;

  private constructor(folder: string, cage: readonly string[], { engine, args, deadlineMs }: CagedJavaOptions) {
    const options = ['-Xmx256m', '-XX:TieredStopAtLevel=1', '-XX:-UsePerfData', '-Dfile.encoding=UTF-8'];
    const [file = 'java', ...rest] = [...cage, 'java', ...options, ...args];
    this.#argv = [file, ...rest];
    this.#engine = engine;
    this.#folder = folder;
    this.#deadlineMs = deadlineMs;
    this.isCaged = cage.length > 0;
  }

  /**
   * Starts one and waits until it is ready.
   * @throws WeirError WEIR5029 without a JDK, and without the cage that it must have
   */
  static async start(options: CagedJavaOptions): Promise<CagedJava> {
    const { engine, files, mustBeCaged, signal } = options;
    const cage = await findCage();
    if (cage.length === 0 && mustBeCaged) {
      throw new WeirError('WEIR5029', {
        what: `${engine} would run with access to the network`,
        why: 'the kernel gave no namespace without network (unshare --net)',
        hint: 'run it all the same with --oracle groovy, for scripts that you trust',
      });
    }
    // Copies that any account may read: a home folder is closed to nobody.
    const folder = mkdtempSync(join(tmpdir(), 'weir-oracle-'));
    chmodSync(folder, 0o755);
    const java = new CagedJava(folder, cage, options);
    try {
      for (const [name, from] of Object.entries(files)) {
        copyFileSync(from, join(folder, name));
        chmodSync(join(folder, name), 0o644);
      }
      if (options.compile !== undefined) await compileIn(folder, options.compile, engine);
      java.#process = await java.#launch();
      signal?.addEventListener('abort', () => java.close());
    } catch (error) {
      java.close();
      throw error;
    }
    return java;
  }

  /** The answer to a question. @throws WeirError WEIR5030 when there is none in time, or the process ends */
  async question(question: object): Promise<unknown> {
    this.#process ??= await this.#launch();
    const answer = await this.#process.ask(JSON.stringify(question), this.#deadlineMs);
    if (answer.line !== null) return JSON.parse(answer.line);
    this.#process.kill();
    this.#process = null;
    throw new WeirError('WEIR5030', {
      what: `${this.#engine} gave no answer`,
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
    throw cannotRun(this.#engine, stderr || 'java did not start');
  }
}

async function compileIn(folder: string, sources: readonly string[], engine: string): Promise<void> {
  // The second compiler of the JVM costs more than it brings in a second.
  const options = ['-J-XX:TieredStopAtLevel=1', '-XDsuppressNotes', '-proc:none'];
  const argv = ['javac', ...options, '-cp', join(folder, '*'), '-d', folder] as const;
  const paths = sources.map((name) => join(folder, name));
  const done = await runTool([...argv, ...paths], { timeoutMs: START_DEADLINE_MS, reject: false }).catch(
    (error: unknown) => {
      if (error instanceof WeirError && error.code === 'WEIR2001') throw cannotRun(engine, 'PATH holds no javac');
      throw error;
    },
  );
  if (done.exitCode !== 0) throw cannotRun(engine, done.stderr.trim().slice(-500) || 'javac failed');
}

function cannotRun(engine: string, why: string): WeirError {
  return new WeirError('WEIR5029', {
    what: `${engine} cannot be run`,
    why,
    hint: 'install a JDK of version 11 or later (Debian: default-jdk-headless), so that `java File.java` works',
  });
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
    // The process may have just ended. A failed write to it changes nothing.
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
