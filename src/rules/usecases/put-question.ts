/** The real engines that can be asked about a rule, and questions to them, part by part. */
import { WeirError } from '../../errors/weir-error.ts';
import type { RoutingCall, RoutingProvider } from '../case-file.ts';
import type { EngineOutcome } from '../equivalence/oracle-sample.ts';
import { type RouterEngine, TESTED_RELEASES } from '../read/router-behaviour.ts';
import type { Estate, PlannedRule, RouterQuestion, ScriptOracle } from './ports.ts';

/** Calls in one question: keeps a document of 3,000 rules to lines of a few megabytes. */
const CALLS_PER_QUESTION = 2000;

/** A real engine that runs a rule. */
export interface AskedEngine {
  /** `Groovy 2.4.21`, `Dubbo 3.2.16`. */
  readonly name: string;
  /** Language of the rule in a report. */
  readonly language: string;
  /** The plan holds for this engine as it stands; of others it notes where they differ. */
  readonly isPlanned: boolean;
  /** Outcomes of the calls; null when there is no such engine and nothing was asked. */
  ask(providers: readonly RoutingProvider[], calls: readonly RoutingCall[]): Promise<readonly EngineOutcome[] | null>;
}

/** The engine of scripts in JavaScript: Nashorn, as this line loads it. */
const SCRIPT_LINE: RouterEngine = '3.2';

/**
 * The engines that run a rule: Groovy for its scripts, Nashorn in Dubbo for JavaScript, and the routers of each line that may
 * read a condition or tag rule. None for rule classes of HSF, and for a rule that its carrier switches off.
 */
export function enginesFor(planned: PlannedRule, estate: Estate, oracle: ScriptOracle): AskedEngine[] {
  const { plan, script, language, carrier } = planned;
  const { kind, form } = plan.source;
  if (planned.isOff) return [];
  if (kind === 'dubbo-script' && language === 'groovy') {
    const ask: AskedEngine['ask'] = (providers, calls) => oracle.ask(script, providers, calls, estate.types);
    return [{ name: 'Groovy 2.4.21', language, isPlanned: true, ask }];
  }
  if (oracle.askRouter === undefined) return [];
  const app = estate.app ?? plan.scope.providerApp ?? 'app';
  const router = (
    engine: RouterEngine,
    asked: Pick<RouterQuestion, 'kind' | 'rule'>,
    isPlanned: boolean,
  ): AskedEngine => ({
    name: `Dubbo ${TESTED_RELEASES[engine]}`,
    language: asked.kind === 'javascript' ? 'javascript' : 'yaml',
    isPlanned,
    ask: async (providers, calls) => (await oracle.askRouter?.(engine, { ...asked, app, providers, calls })) ?? null,
  });
  if (kind === 'dubbo-script') {
    return language === 'javascript' ? [router(SCRIPT_LINE, { kind: 'javascript', rule: script }, true)] : [];
  }
  const asked = carrierQuestion(form, carrier);
  return asked === null ? [] : planned.engines.map((engine, at) => router(engine, asked, at === 0));
}

function carrierQuestion(form: string, carrier: string): Pick<RouterQuestion, 'kind' | 'rule'> | null {
  if (form === 'tag-yaml') return { kind: 'tag', rule: carrier };
  if (form === 'condition-yaml') return { kind: 'condition-yaml', rule: carrier };
  if (form !== 'condition-url') return null;
  const url = carrier.trim();
  // A node of ZooKeeper has the whole URL as its encoded name.
  return { kind: 'condition-url', rule: /^[\w-]+%3A/i.test(url) ? decodeURIComponent(url) : url };
}

/** Outcomes of the first calls, all of them when `unanswered` is null. */
export interface EngineAnswer {
  readonly outcomes: readonly EngineOutcome[];
  /** Why the rest has none. */
  readonly unanswered: string | null;
}

/** The answer of an engine; null when there is none after all and nothing was asked. */
export async function putQuestion(
  engine: AskedEngine,
  providers: readonly RoutingProvider[],
  calls: readonly RoutingCall[],
): Promise<EngineAnswer | null> {
  const outcomes: EngineOutcome[] = [];
  try {
    for (let at = 0; at < calls.length; at += CALLS_PER_QUESTION) {
      const part = await engine.ask(providers, calls.slice(at, at + CALLS_PER_QUESTION));
      if (part === null) return null;
      outcomes.push(...part);
    }
  } catch (error) {
    if (!(error instanceof WeirError) || (error.code !== 'WEIR5030' && error.code !== 'WEIR5029')) throw error;
    return { outcomes, unanswered: `${error.what}: ${error.why}` };
  }
  return { outcomes, unanswered: null };
}
