/** Real Groovy as a child process: it compiles scripts, runs calls and is killed when it hangs. */
import type { JavaTypeShape, RoutingCall, RoutingProvider } from '../../case-file.ts';
import { CagedJava } from './caged-java.ts';

/** Outcome of a call on real Groovy: provider ids, or `ALL(ignored)`, `ERROR:<class>`, `UNASKABLE`. */
export type OracleOutcome = readonly string[] | string;

/** Files and limits of one oracle. */
export interface GroovyOracleOptions {
  /** groovy-all. */
  readonly jar: string;
  /** GroovyOracle.java. */
  readonly source: string;
  /** For one question, in milliseconds. */
  readonly deadlineMs?: number;
  /** Without a process that has no network, nothing is started. */
  readonly mustBeCaged?: boolean;
  /** Ends the process when it aborts. */
  readonly signal?: AbortSignal;
}

const QUESTION_DEADLINE_MS = 20_000;

/**
 * A Java process that compiles scripts on real Groovy and runs calls, caged off from the network where the kernel lets
 * weir do so. One that gives no answer in time is killed; the next question starts another.
 */
export class GroovyOracle {
  readonly #java: CagedJava;

  private constructor(java: CagedJava) {
    this.#java = java;
  }

  /** Whether the process has no network. */
  get isCaged(): boolean {
    return this.#java.isCaged;
  }

  /**
   * Starts one and waits until it answers.
   * @throws WeirError WEIR5029 without a Java that runs source files, and without the cage that it must have
   */
  static async start(options: GroovyOracleOptions): Promise<GroovyOracle> {
    const java = await CagedJava.start({
      engine: 'real Groovy',
      files: { 'groovy.jar': options.jar, 'GroovyOracle.java': options.source },
      args: ['-cp', 'groovy.jar', 'GroovyOracle.java'],
      deadlineMs: options.deadlineMs ?? QUESTION_DEADLINE_MS,
      mustBeCaged: options.mustBeCaged ?? false,
      signal: options.signal,
    });
    return new GroovyOracle(java);
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
    return (await this.#java.question({ script, providers, calls, types })) as OracleOutcome[];
  }

  /**
   * Values of expressions with their classes, as describeValue() writes them; `!class` for what is thrown, `!compile` for
   * what does not compile. @throws WeirError WEIR5030 when there is no answer in time
   */
  async values(expressions: readonly string[]): Promise<string[]> {
    return (await this.#java.question({ expressions })) as string[];
  }

  /** Whether texts compile. @throws WeirError WEIR5030 when there is no answer in time */
  async compiles(texts: readonly string[]): Promise<boolean[]> {
    return (await this.#java.question({ texts })) as boolean[];
  }

  /** Ends the process and removes its files. */
  close(): void {
    this.#java.close();
  }
}
