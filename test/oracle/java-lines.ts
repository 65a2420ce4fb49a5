/** A Java program that is asked line by line. */
import { type ChildProcess, spawn } from 'node:child_process';
import { createInterface, type Interface } from 'node:readline';

const DEADLINE_MS = 60_000;

/** A long-lived Java process that answers one JSON line with one JSON line, and says that it is ready by its first. */
export class JavaLines implements AsyncDisposable {
  private readonly child: ChildProcess;
  private readonly lines: Interface;
  private readonly answers: AsyncIterableIterator<string>;

  private constructor(child: ChildProcess) {
    if (child.stdout === null) throw new TypeError('the oracle has no stdout');
    this.child = child;
    this.lines = createInterface({ input: child.stdout });
    this.answers = this.lines[Symbol.asyncIterator]() as AsyncIterableIterator<string>;
  }

  /** Starts `main` with its arguments; rejects when it says nothing within a minute. */
  static async start(classPath: string, main: string, ...args: readonly string[]): Promise<JavaLines> {
    const options = ['-XX:TieredStopAtLevel=1', '-Xmx256m', '-cp', classPath, main, ...args];
    const lines = new JavaLines(spawn('java', options, { stdio: ['pipe', 'pipe', 'ignore'] }));
    await lines.next();
    return lines;
  }

  /** Sends a question; resolves to the parsed answer. */
  async ask<T>(question: unknown): Promise<T> {
    this.child.stdin?.write(`${JSON.stringify(question)}\n`);
    return JSON.parse(await this.next()) as T;
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
        reject(new Error(`the Java oracle did not answer within ${DEADLINE_MS} ms`));
      }, DEADLINE_MS);
    });
    try {
      const { done, value } = await Promise.race([this.answers.next(), late]);
      if (done === true) throw new Error('the Java oracle ended');
      return value;
    } finally {
      clearTimeout(timer);
    }
  }
}
