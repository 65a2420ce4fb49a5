import { type ChildProcess, spawn } from 'node:child_process';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { groovyJar } from '../../../scripts/setup/groovy.ts';
import type { RoutingCall, RoutingProvider } from '../../../src/routing/case-file.ts';

/** Outcome of a call on real Groovy: provider ids, or a word. */
export type OracleOutcome = readonly string[] | string;

/**
 * A Java process that compiles scripts and runs calls. Ended by `stop`; a question without an answer in time ends it too.
 * A jar or Java that is missing fails the test that asks: a comparison with nothing must not pass.
 */
export class GroovyOracle {
  readonly #child: ChildProcess;
  readonly #lines: AsyncIterator<string>;

  /** @throws Error where groovy-all is neither in $GROOVY_JAR nor in Maven's store. */
  constructor() {
    const jar = groovyJar();
    if (jar === undefined) throw new Error('groovy-all is missing: `npm run setup -- --only groovy` fetches it');
    const source = join(import.meta.dirname, 'GroovyOracle.java');
    this.#child = spawn('java', ['-Xmx256m', '-XX:TieredStopAtLevel=1', '-cp', jar, source], {
      stdio: ['pipe', 'pipe', 'ignore'],
      env: { PATH: process.env.PATH ?? '', LC_ALL: 'C' },
    });
    // Without java the child ends at once; the question that follows says so.
    this.#child.on('error', () => undefined);
    if (!this.#child.stdout) throw new Error('java gave no output');
    this.#lines = createInterface({ input: this.#child.stdout })[Symbol.asyncIterator]();
  }

  /** Waits until it answers. */
  async ready(): Promise<void> {
    if ((await this.#line(30_000)) !== 'ready') throw new Error('the oracle did not start');
  }

  /** Outcomes of the calls, in their order. Throws when there is no answer in 20 s. */
  async ask(
    script: string,
    providers: readonly RoutingProvider[],
    calls: readonly RoutingCall[],
  ): Promise<OracleOutcome[]> {
    this.#child.stdin?.write(`${JSON.stringify({ script, providers, calls })}\n`);
    return JSON.parse(await this.#line(20_000)) as OracleOutcome[];
  }

  async #line(deadlineMs: number): Promise<string> {
    const late = new Promise<never>((_, reject) => {
      setTimeout(() => reject(new Error(`no answer in ${deadlineMs} ms`)), deadlineMs).unref();
    });
    try {
      const next = await Promise.race([this.#lines.next(), late]);
      if (next.done) throw new Error('the oracle ended');
      return next.value;
    } catch (error) {
      this.stop();
      throw error;
    }
  }

  stop(): void {
    this.#child.kill('SIGKILL');
  }
}
