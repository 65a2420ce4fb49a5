/** Composition of rules: the files of this machine, and real engines to compare with. */
import { join } from 'node:path';
import { WeirError } from '../errors/weir-error.ts';
import type { GroovyFacts } from './adapters/oracle/groovy-facts.ts';
import { GROOVY_VERSION, lookForGroovyJar } from './adapters/oracle/groovy-jar.ts';
import type { GroovyOracle } from './adapters/oracle/groovy-oracle.ts';
import { lookForRouterJars } from './adapters/oracle/router-jars.ts';
import type { RouterOracle } from './adapters/oracle/router-oracle.ts';
import { localRuleFiles } from './adapters/rule-files.ts';
import { ROUTER_ENGINES, type RouterEngine, TESTED_RELEASES } from './read/router-behaviour.ts';
import type { EngineUse, OneEngineUse } from './report/engine-use.ts';
import type { RuleFiles, ScriptOracle } from './usecases/ports.ts';

/** Rule files, documents and cases on the file system of this machine. */
export const ruleFiles: RuleFiles = localRuleFiles;

/** Looks whether a real Groovy can be run on this machine. */
export async function readGroovyFacts(): Promise<GroovyFacts> {
  return (await import('./adapters/oracle/groovy-facts.ts')).readGroovyFacts();
}

/** Looks whether the jars of real Dubbo routers are on this machine. */
export async function readDubboRouters(): Promise<{ readonly release: string; readonly why: string | null }[]> {
  return ROUTER_ENGINES.map((line) => ({ release: TESTED_RELEASES[line], why: lookForRouterJars(line).why }));
}

/** How engines are started. */
interface EngineStart {
  /** The folder of weir's package. */
  readonly root: string;
  readonly signal: AbortSignal;
  readonly warn: (text: string) => void;
  readonly mustBeCaged: boolean;
}

/** A running engine; ends with `close`, or with the signal of its start. */
interface Running {
  readonly isCaged: boolean;
  close(): void;
}

/** Starts Groovy in a process without network. Throws WeirError exit 3 when there is no JDK or no Groovy. */
async function startGroovy({ root, signal, mustBeCaged }: EngineStart): Promise<GroovyOracle> {
  const [{ findGroovyJar }, { GroovyOracle }] = await Promise.all([
    import('./adapters/oracle/groovy-jar.ts'),
    import('./adapters/oracle/groovy-oracle.ts'),
  ]);
  const source = join(root, ENGINE_SOURCES, 'GroovyOracle.java');
  return GroovyOracle.start({ jar: findGroovyJar(), source, signal, mustBeCaged });
}

async function startRouters(engine: RouterEngine, jars: readonly string[], start: EngineStart): Promise<RouterOracle> {
  const { RouterOracle } = await import('./adapters/oracle/router-oracle.ts');
  return RouterOracle.start({ ...start, engine, jars, sources: join(start.root, ENGINE_SOURCES) });
}

/** The Java programs that weir ships. */
const ENGINE_SOURCES = 'dist/rules/adapters/oracle';

/** The real engines of one run of a command. */
export interface RunEngines {
  /** Undefined where it is known that none will answer. */
  readonly engine: ScriptOracle | undefined;
  /** Which were asked so far. */
  use(): EngineUse;
  close(): void;
}

/** An engine that is started with its first question, or never where it is known to be missing. */
class LazyEngine<T extends Running> {
  readonly #name: string;
  readonly #start: () => Promise<T>;
  #why: string | null;
  #calls = 0;
  #open: Promise<T> | undefined;

  constructor(name: string, missing: string | null, start: () => Promise<T>) {
    this.#name = name;
    this.#why = missing;
    this.#start = start;
  }

  /** Starts it at once. @throws WeirError when it cannot */
  async demand(): Promise<void> {
    this.#open = this.#start();
    await this.#open;
  }

  async ask<O>(put: (engine: T) => Promise<readonly O[]>): Promise<readonly O[] | null> {
    if (this.#why !== null) return null;
    let engine: T;
    try {
      this.#open ??= this.#start();
      engine = await this.#open;
    } catch (error) {
      if (!(error instanceof WeirError)) throw error;
      this.#why = `${error.what}: ${error.why}`;
      return null;
    }
    const outcomes = await put(engine);
    this.#calls += outcomes.length;
    return outcomes;
  }

  use(): OneEngineUse {
    return { name: this.#name, calls: this.#calls, why: this.#why };
  }

  close(): void {
    this.#open?.then(
      (engine) => engine.close(),
      () => undefined,
    );
  }
}

/**
 * Real engines by the flag `--oracle`: `none` has none. `auto` starts each with its first question, and asks nothing where no JDK
 * or no jar is found or the process would have network. `groovy` starts Groovy at once.
 * @throws WeirError WEIR5029, with `groovy`, without a JDK or the jar
 */
export async function openEngines(
  wanted: 'auto' | 'groovy' | 'none',
  root: string,
  signal: AbortSignal,
  warn: (text: string) => void,
): Promise<RunEngines> {
  if (wanted === 'none') {
    const use: EngineUse = { asked: false, calls: 0, why: 'by --oracle none', engines: [] };
    return { engine: undefined, use: () => use, close: () => undefined };
  }
  const isDemanded = wanted === 'groovy';
  const start: EngineStart = { root, signal, warn, mustBeCaged: !isDemanded };
  const told = async <T extends Running>(started: Promise<T>): Promise<T> => {
    const running = await started;
    if (!running.isCaged)
      warn(
        'scripts run on the real engine with access to the network: the kernel refused a namespace without one (unshare --net)',
      );
    return running;
  };
  const asked = new Set<LazyEngine<Running>>();
  const groovy = new LazyEngine(`Groovy ${GROOVY_VERSION}`, isDemanded ? null : lookForGroovyJar().why, () =>
    told(startGroovy(start)),
  );
  const routers = new Map<RouterEngine, LazyEngine<RouterOracle>>();
  const routersOf = (line: RouterEngine): LazyEngine<RouterOracle> => {
    const known = routers.get(line);
    if (known !== undefined) return known;
    const { paths, why } = lookForRouterJars(line);
    const lazy = new LazyEngine(`Dubbo ${TESTED_RELEASES[line]}`, why, () => told(startRouters(line, paths, start)));
    routers.set(line, lazy);
    return lazy;
  };
  if (isDemanded) await groovy.demand();
  const engine: ScriptOracle = {
    isDemanded,
    ask: (script, providers, calls, types) => {
      asked.add(groovy);
      return groovy.ask((open) => open.ask(script, providers, calls, types));
    },
    askRouter: (line, question) => {
      const lazy = routersOf(line);
      asked.add(lazy);
      return lazy.ask((open) => open.ask(question));
    },
  };
  return {
    engine,
    use: () => usesOf([...asked].map((one) => one.use())),
    close: () => {
      for (const one of [groovy, ...routers.values()]) one.close();
    },
  };
}

function usesOf(engines: readonly OneEngineUse[]): EngineUse {
  const calls = engines.reduce((sum, one) => sum + one.calls, 0);
  const [first] = engines.flatMap(({ why }) => (why === null ? [] : [why]));
  const none = first ?? 'no rule here has a call to ask';
  const asked = engines.some(({ why }) => why === null);
  return { asked, calls, why: asked ? null : none, engines };
}
