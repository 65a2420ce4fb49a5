/** Routers of a real Dubbo as a child process: condition and tag rules, and scripts in Nashorn. */
import { basename, join } from 'node:path';
import { type RouterEngine, TESTED_RELEASES } from '../../read/router-behaviour.ts';
import type { RouterQuestion } from '../../usecases/ports.ts';
import { CagedJava } from './caged-java.ts';
import { ROUTER_RELEASES } from './router-jars.ts';

/** Ids of the providers that a call reaches, `ERROR:<class>`, or `UNASKABLE` for a call that cannot be made. */
export type RouterAnswer = readonly string[] | string;

/** Which line of Dubbo, and how it runs. */
export interface RouterOracleOptions {
  readonly engine: RouterEngine;
  readonly jars: readonly string[];
  /** The folder with RouterOracle.java and its companions. */
  readonly sources: string;
  readonly mustBeCaged?: boolean;
  readonly signal?: AbortSignal;
}

const DEADLINE_MS = 60_000;

/** A long-lived Java process with the routers of one real Dubbo: 2.7.23, 3.2.16 or 3.3.6. */
export class RouterOracle implements AsyncDisposable {
  readonly #java: CagedJava;

  private constructor(java: CagedJava) {
    this.#java = java;
  }

  /**
   * Compiles and starts one.
   * @throws WeirError WEIR5029 without a JDK, and without the cage that it must have
   */
  static async start(options: RouterOracleOptions): Promise<RouterOracle> {
    const { engine, sources, mustBeCaged = false, signal } = options;
    const { routers } = ROUTER_RELEASES[engine];
    const jars = options.jars.map((path) => [basename(path), path] as const);
    const programs = ['CallValues', 'RouterOracle', routers].map((name) => `${name}.java`);
    const java = await CagedJava.start({
      engine: `real Dubbo ${TESTED_RELEASES[engine]}`,
      files: Object.fromEntries([...jars, ...programs.map((name) => [name, join(sources, name)] as const)]),
      compile: programs,
      args: ['-cp', '.:*', 'RouterOracle', routers],
      deadlineMs: DEADLINE_MS,
      mustBeCaged,
      signal,
    });
    return new RouterOracle(java);
  }

  /** Whether the process has no network. */
  get isCaged(): boolean {
    return this.#java.isCaged;
  }

  /** Outcomes of the calls, in their order. @throws WeirError WEIR5030 when there is no answer in time */
  async ask(question: RouterQuestion): Promise<readonly RouterAnswer[]> {
    return ((await this.#java.question(question)) as { readonly results: readonly RouterAnswer[] }).results;
  }

  /** Ends the process and removes its files. */
  close(): void {
    this.#java.close();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.close();
  }
}
