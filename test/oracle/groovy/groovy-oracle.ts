import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { RoutingCall, RoutingProvider } from '../../../src/routing/case-file.ts';

/** Version of Groovy that Dubbo's script router was used with for years; the fixtures were made with it. */
const VERSION = '2.4.21';

/** Where the jar is looked for: GROOVY_JAR, else Maven's own store. `mvn dependency:get -Dartifact=org.codehaus.groovy:groovy-all:2.4.21` puts it there. */
export function groovyJar(): string | undefined {
  const inStore = join(homedir(), `.m2/repository/org/codehaus/groovy/groovy-all/${VERSION}/groovy-all-${VERSION}.jar`);
  return [process.env.GROOVY_JAR, inStore].find((path) => path !== undefined && existsSync(path));
}

/** Outcome of a call on real Groovy: provider ids, or a word. */
export type OracleOutcome = readonly string[] | string;

/** A Java process that compiles scripts and runs calls. Ended by `stop`; a question without an answer in time ends it too. */
export class GroovyOracle {
  readonly #child: ChildProcess;
  readonly #lines: AsyncIterator<string>;

  constructor(jar: string) {
    const source = join(import.meta.dirname, 'GroovyOracle.java');
    this.#child = spawn('java', ['-Xmx256m', '-XX:TieredStopAtLevel=1', '-cp', jar, source], {
      stdio: ['pipe', 'pipe', 'ignore'],
      env: { PATH: process.env.PATH ?? '', LC_ALL: 'C' },
    });
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
