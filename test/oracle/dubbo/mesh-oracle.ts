import { type ChildProcess, spawn } from 'node:child_process';
import { createInterface, type Interface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import type { RoutingCall, RoutingProvider } from '../../../src/routing/case-file.ts';
import { javaClassPath } from '../java-class-path.ts';

/** What the router of a real Dubbo gave for a call. */
export type OracleAnswer = { readonly providers: readonly string[] } | { readonly error: string };

/** One question: a rule text for an application, its providers, and calls. */
export interface OracleQuestion {
  readonly app: string;
  readonly yaml: string;
  readonly providers: readonly RoutingProvider[];
  readonly calls: readonly RoutingCall[];
}

const HERE = fileURLToPath(new URL('.', import.meta.url));
const DEADLINE_MS = 60_000;

/**
 * A long-lived Java process with the mesh router of Dubbo 3.3.6. Its jars are fetched by Maven and its class compiled on
 * first use, then kept in node_modules/.cache. Needs java, javac and mvn; a missing one fails the test that asks.
 */
export class MeshOracle implements AsyncDisposable {
  private readonly child: ChildProcess;
  private readonly lines: Interface;
  private readonly answers: AsyncIterableIterator<string>;

  private constructor(child: ChildProcess) {
    if (child.stdout === null) throw new TypeError('the oracle has no stdout');
    this.child = child;
    this.lines = createInterface({ input: child.stdout });
    this.answers = this.lines[Symbol.asyncIterator]() as AsyncIterableIterator<string>;
  }

  static async start(): Promise<MeshOracle> {
    const classPath = javaClassPath('dubbo-3.3.6', HERE, 'MeshOracle');
    const args = ['-XX:TieredStopAtLevel=1', '-Xmx256m', '-cp', classPath, 'MeshOracle'];
    const child = spawn('java', args, { stdio: ['pipe', 'pipe', 'ignore'] });
    const oracle = new MeshOracle(child);
    await oracle.next();
    return oracle;
  }

  async ask(question: OracleQuestion): Promise<OracleAnswer[]> {
    this.child.stdin?.write(`${JSON.stringify(question)}\n`);
    return (JSON.parse(await this.next()) as { results: OracleAnswer[] }).results;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const ended = new Promise((resolve) => this.child.once('exit', resolve));
    this.child.stdin?.end();
    const timer = setTimeout(() => this.child.kill('SIGKILL'), 5000);
    await ended;
    clearTimeout(timer);
    this.lines.close();
  }

  private async next(): Promise<string> {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<never>((_, reject) => {
      timer = setTimeout(() => {
        this.child.kill('SIGKILL');
        reject(new Error(`the Dubbo oracle did not answer within ${DEADLINE_MS} ms`));
      }, DEADLINE_MS);
    });
    try {
      const { done, value } = await Promise.race([this.answers.next(), late]);
      if (done === true) throw new Error('the Dubbo oracle ended');
      return value;
    } finally {
      clearTimeout(timer);
    }
  }
}
