import type { RuleSource } from './read/rule-source.ts';
import type { EngineSupport, PlanEffect, PlanNote, PlanRule, PlanSpan } from './route-plan.ts';

/** Whether a rule changes where calls go, as far as its text says. */
export function effectOf(
  source: RuleSource,
  rules: readonly PlanRule[],
  notes: readonly PlanNote[],
  span: PlanSpan,
): Omit<PlanEffect, 'loadedBy'> {
  const reasons: PlanNote[] = [...notes];
  const say = (code: string, message: string, at: PlanSpan = span): void => {
    reasons.push({ code, message, span: at });
  };
  if (!source.enabled) return { state: 'dead', reasons };
  const outcomes = rules.map((rule) => rule.then);
  const first = rules[0]?.span ?? span;
  if (outcomes.length > 0 && outcomes.every((outcome) => outcome.kind === 'all' && outcome.ignored === undefined)) {
    say('WR001', 'the script returns its input on every path: it never had an effect', first);
    return { state: 'dead', reasons };
  }
  if (outcomes.length > 0 && outcomes.every((outcome) => outcome.kind === 'all')) {
    say('WR001', 'the rule fails on every call, and the router ignores it: it never had an effect', first);
    return { state: 'broken', reasons };
  }
  if (outcomes.length > 0 && outcomes.every((outcome) => outcome.kind === 'error' || outcome.kind === 'stale')) {
    const stale = outcomes.some((outcome) => outcome.kind === 'stale');
    say(
      stale ? 'stale-push' : 'always-fails',
      stale ? 'every push of the rule fails: the former addresses stay' : 'every call fails in the rule',
      first,
    );
    return { state: 'broken', reasons };
  }
  return { state: 'live', reasons };
}

const SCRIPT_URL: readonly EngineSupport[] = [
  {
    engine: 'dubbo 2.5-2.7.9 and 2.6.x before 2021-05',
    loads: true,
    why: 'script:// URLs of the registry are compiled and run',
  },
  {
    engine: 'dubbo 2.7.10-3.1',
    loads: false,
    why: 'the script router was taken out of the SPI file after code injection through registry nodes',
  },
  {
    engine: 'dubbo >= 3.2',
    loads: false,
    why: 'scripts come from the configuration centre (<app>.script-router); registry URLs are no longer read',
  },
];
const SCRIPT_YAML: readonly EngineSupport[] = [
  { engine: 'dubbo 2.x-3.1', loads: false, why: 'there is no script-router node before 3.2' },
  {
    engine: 'dubbo >= 3.2',
    loads: true,
    why: 'AppScriptStateRouter reads <app>.script-router; a Groovy engine must be on the class path',
  },
  { engine: 'dubbo-go >= 3.2', loads: false, why: 'it runs JavaScript only' },
];
const HSF: readonly EngineSupport[] = [{ engine: 'hsf', loads: true, why: 'the rule class is compiled at every push' }];
const DECLARATIVE: readonly EngineSupport[] = [
  { engine: 'dubbo 2.7-3.x', loads: true, why: 'condition and tag routers are part of every version' },
];

/** Which runtimes still load a rule of this carrier. Sources: the SPI files and routers of apache/dubbo, per version. */
export function engineSupport(source: RuleSource): readonly EngineSupport[] {
  if (source.form === 'script-url') return SCRIPT_URL;
  if (source.form === 'script-yaml') return SCRIPT_YAML;
  if (source.kind === 'hsf-routing-rule' || source.kind === 'hsf-dpath-rule') return HSF;
  return source.kind === 'dubbo-script'
    ? [...SCRIPT_URL.slice(0, 2), SCRIPT_YAML[1] ?? SCRIPT_URL[2]].filter((row) => row !== undefined)
    : DECLARATIVE;
}
