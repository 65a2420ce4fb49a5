/** Starts a Java program with real Dubbo, and reads its reports. */
import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { DUBBO_JAR } from '../../../../scripts/setup/dubbo.ts';
import { javaClassPath } from '../../../oracle/java-class-path.ts';

/** What a consumer saw: times in milliseconds, `failed` by the reason in `errors`. */
export interface DubboLoad {
  readonly calls: number;
  readonly failed: number;
  readonly slowestMs: number;
  readonly errors: Readonly<Record<string, number>>;
}

/** Which calls a provider executed. */
export interface DubboExecuted {
  readonly executed: number;
  /** Calls that it got more than once. */
  readonly twice: number;
}

const HERE = import.meta.dirname;
const PATIENCE_MS = 60_000;

/** A Java process with a real Dubbo 3.3.6, as a provider or a consumer (DubboPeer.java). */
export class DubboPeer {
  readonly #child: ChildProcess;
  readonly #lines: AsyncIterator<string>;
  readonly #log: string;

  private constructor(child: ChildProcess, log: string) {
    if (child.stdout === null) throw new TypeError('a Dubbo process has no stdout');
    this.#child = child;
    this.#log = log;
    this.#lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
    child.stdin?.on('error', () => {});
  }

  /** Starts one inside a namespace and waits until it is ready. `withSdk` puts the jar on its class path. */
  static async start(
    args: readonly string[],
    options: { readonly enter: readonly string[]; readonly withSdk: boolean; readonly folder: string },
  ): Promise<DubboPeer> {
    const classPath = javaClassPath('dubbo-peer-3.3.6', HERE, ['DubboPeer']) + (options.withSdk ? `:${DUBBO_JAR}` : '');
    const java = ['java', '-XX:TieredStopAtLevel=1', '-Xmx128m', '-cp', classPath, 'DubboPeer', ...args];
    const [file = 'java', ...words] = [...options.enter, ...java];
    const log = join(options.folder, `${args[0]}-${args[1]?.replaceAll(/\W+/g, '-')}.log`);
    const descriptor = openSync(log, 'w');
    const child = spawn(file, words, { stdio: ['pipe', 'pipe', descriptor] });
    closeSync(descriptor);
    const peer = new DubboPeer(child, log);
    try {
      await peer.#next();
    } catch (error) {
      await peer.stop();
      throw error;
    }
    return peer;
  }

  /** Begins the load of a consumer. */
  begin(): void {
    this.#child.stdin?.write('\n');
  }

  /** Ends the load of a consumer; resolves when its last call has come back. */
  async load(): Promise<DubboLoad> {
    this.#child.stdin?.write('\n');
    return JSON.parse(await this.#next()) as DubboLoad;
  }

  /** What a provider has executed so far. */
  async executed(): Promise<DubboExecuted> {
    this.#child.stdin?.write('\n');
    return JSON.parse(await this.#next()) as DubboExecuted;
  }

  /** Ends the process by the end of its input, else by SIGKILL. */
  async stop(): Promise<void> {
    const child = this.#child;
    if (child.exitCode !== null || child.signalCode !== null) return;
    const ended = new Promise((resolve) => child.once('exit', resolve));
    child.stdin?.end();
    const timer = setTimeout(() => child.kill('SIGKILL'), 2000);
    await ended;
    clearTimeout(timer);
  }

  async #next(): Promise<string> {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<never>((_, reject) => {
      timer = setTimeout(() => reject(new Error(`a Dubbo process said nothing for ${PATIENCE_MS} ms`)), PATIENCE_MS);
    });
    try {
      const { done, value } = await Promise.race([this.#lines.next(), late]);
      if (done !== true) return value;
      throw new Error(`a Dubbo process ended:\n${(await readFile(this.#log, 'utf8')).slice(-3000)}`);
    } finally {
      clearTimeout(timer);
    }
  }
}
