/** Background programs of a test. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { until } from '../../until.ts';
import type { LabNamespace } from './network-namespace.ts';

/** How to start a program in a namespace. */
export interface StartOptions {
  /** Real, effective and saved ids by setpriv; without it root. The program must be executable for that user. */
  readonly uid?: number;
  readonly gid?: number;
  readonly env?: Readonly<Record<string, string>>;
  /** Open file that becomes descriptor 3 of the program. */
  readonly inherit?: number;
  /** Keep CAP_NET_ADMIN under that user. Default false. */
  readonly netAdmin?: boolean;
}

/** A program that runs in the background of a test. */
export interface LabProcess {
  readonly pid: number;
  /** Everything that it wrote so far, stdout and stderr mixed. */
  output(): string;
  /** Resolves to the first line of stdout or stderr, also an earlier one, that matches; rejects at its end or the deadline. */
  line(pattern: RegExp, timeoutMs?: number): Promise<RegExpExecArray>;
  /** Resolves at its next output or its end. */
  changed(): Promise<void>;
  /** Writes a line to its stdin. */
  write(line: string): void;
  signal(signal: NodeJS.Signals): void;
  /** Resolves when it has ended. */
  readonly ended: Promise<{ readonly code: number | null; readonly signal: NodeJS.Signals | null }>;
  /** SIGTERM, then SIGKILL after 2 s; resolves when it has ended. */
  stop(): Promise<void>;
  /** SIGKILL at once, without waiting: for exit handlers. */
  kill(): void;
}

/** Starts a program inside a namespace. It is killed when this process ends, however it ends. */
export function startProcess(namespace: LabNamespace, argv: readonly string[], options: StartOptions = {}): LabProcess {
  const gid = options.gid ?? options.uid;
  const rights =
    options.netAdmin === true ? ['--inh-caps=+net_admin', '--ambient-caps=+net_admin'] : ['--no-new-privs'];
  const account =
    options.uid === undefined ? [] : [`--reuid=${options.uid}`, `--regid=${gid}`, '--clear-groups', ...rights];
  // nsenter and setpriv replace themselves by the program, so the child's pid is the program's.
  const child = spawn(
    'nsenter',
    [`--net=${namespace.path}`, '--', 'setpriv', ...account, '--pdeathsig', 'KILL', '--', ...argv],
    {
      stdio: ['pipe', 'pipe', 'pipe', options.inherit ?? 'ignore'],
      env: { PATH: process.env.PATH, LC_ALL: 'C', ...options.env },
    },
  );
  return new RunningProcess(child, argv);
}

/** Waits until a process has become this program: before, it is nsenter or setpriv, where and as whom it was started. */
export async function untilProgram({ pid }: LabProcess, program: string): Promise<void> {
  const nameOf = () => readFile(`/proc/${pid}/comm`, 'utf8').catch(() => '');
  await until(`${pid} to be ${program}`, async () => (await nameOf()).trim() === program);
}

class RunningProcess implements LabProcess {
  readonly ended: LabProcess['ended'];
  readonly #child: ChildProcess;
  readonly #argv: readonly string[];
  readonly #watchers = new Set<() => void>();
  #output = '';
  #hasEnded = false;

  constructor(child: ChildProcess, argv: readonly string[]) {
    this.#child = child;
    this.#argv = argv;
    for (const stream of [child.stdout, child.stderr]) {
      stream?.setEncoding('utf8').on('data', (text: string) => {
        this.#output += text;
        this.#notify();
      });
    }
    child.stdin?.on('error', () => {});
    this.ended = once(child, 'close').then(([code, signal]) => {
      this.#hasEnded = true;
      this.#notify();
      return { code, signal };
    });
    this.ended.catch(() => {});
  }

  get pid(): number {
    if (this.#child.pid === undefined) throw new Error(`${this.#argv.join(' ')} could not be started`);
    return this.#child.pid;
  }

  output(): string {
    return this.#output;
  }

  line(pattern: RegExp, timeoutMs = 60_000): Promise<RegExpExecArray> {
    const { promise, resolve, reject } = Promise.withResolvers<RegExpExecArray>();
    const fail = (reason: string) =>
      reject(new Error(`${this.#argv.join(' ')}: ${reason} before ${pattern} was seen:\n${this.#output.slice(-2000)}`));
    const look = () => {
      const found = this.#output.split('\n').map((line) => pattern.exec(line));
      const match = found.find((one) => one !== null);
      if (match) resolve(match);
      else if (this.#hasEnded) fail('it ended');
    };
    const timer = setTimeout(() => fail(`${timeoutMs} ms passed`), timeoutMs);
    this.#watchers.add(look);
    look();
    return promise.finally(() => {
      clearTimeout(timer);
      this.#watchers.delete(look);
    });
  }

  changed(): Promise<void> {
    if (this.#hasEnded)
      return Promise.reject(new Error(`${this.#argv.join(' ')} has ended:\n${this.#output.slice(-2000)}`));
    return new Promise((resolve) => {
      const look = () => {
        this.#watchers.delete(look);
        resolve();
      };
      this.#watchers.add(look);
    });
  }

  write(line: string): void {
    this.#child.stdin?.write(`${line}\n`);
  }

  signal(signal: NodeJS.Signals): void {
    this.#child.kill(signal);
  }

  async stop(): Promise<void> {
    if (this.#hasEnded) return;
    // A frozen program takes SIGTERM only once it runs again.
    this.signal('SIGTERM');
    this.signal('SIGCONT');
    const timer = setTimeout(() => this.kill(), 2000);
    await this.ended.catch(() => {});
    clearTimeout(timer);
  }

  kill(): void {
    if (!this.#hasEnded) this.#child.kill('SIGKILL');
  }

  #notify(): void {
    for (const watcher of this.#watchers) watcher();
  }
}
