/** The effect of a rule, the runtimes that still load it, and notes on its carrier. */
import type { RouterEngine } from '../read/router-behaviour.ts';
import type { RuleSource } from '../read/rule-source.ts';
import type { EngineSupport, PlanEffect, PlanNote, PlanRule, PlanSpan } from './route-plan.ts';

/** Whether a rule changes where calls go, as far as its text says. */
export function effectOf(
  source: RuleSource,
  rules: readonly PlanRule[],
  notes: readonly PlanNote[],
  span: PlanSpan,
  engine?: RouterEngine,
): Omit<PlanEffect, 'loadedBy'> {
  const reasons: PlanNote[] = [...notes];
  const say = (code: string, message: string, at: PlanSpan = span): void => {
    reasons.push({ code, message, span: at });
  };
  if (!source.enabled || !source.valid) return { state: 'dead', reasons };
  // Each line that can be named has taken the router of these URLs out.
  if (engine !== undefined && source.form === 'script-url') {
    say('WR003', `Dubbo ${engine} does not load script:// URLs: the rule has no effect there`);
    return { state: 'dead', reasons };
  }
  const outcomes = rules.map((rule) => rule.then);
  const first = rules[0]?.span ?? span;
  if (outcomes.length > 0 && outcomes.every((outcome) => outcome.kind === 'all' && outcome.ignored === undefined)) {
    say('WR001', 'the script returns its input on every path: it never had an effect', first);
    return { state: 'dead', reasons };
  }
  if (outcomes.length > 0 && outcomes.every((outcome) => outcome.kind === 'all' && outcome.ignored !== undefined)) {
    say('WR001', 'the rule fails on every call, and the router ignores it: it never had an effect', first);
    return { state: 'broken', reasons };
  }
  if (outcomes.length > 0 && outcomes.every((outcome) => outcome.kind === 'all')) {
    say('WR001', 'the script returns its input or fails, on every path: it never had an effect', first);
    return { state: 'dead', reasons };
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
/** The YAML of a script-router node, by the language of its script. */
function scriptYaml(language: string): readonly EngineSupport[] {
  const javaScript = JAVASCRIPT.has(language);
  const needs = javaScript
    ? 'a JavaScript engine must be on the class path, Java has none since 15'
    : language === 'groovy'
      ? 'a Groovy engine must be on the class path'
      : `an engine by the name ${language} must be on the class path`;
  return [
    { engine: 'dubbo 2.x-3.1', loads: false, why: 'there is no script-router node before 3.2' },
    { engine: 'dubbo >= 3.2', loads: true, why: `AppScriptStateRouter reads <app>.script-router; ${needs}` },
    javaScript
      ? { engine: 'dubbo-go >= 3.2', loads: true, why: 'it runs JavaScript, with capitalised methods of its own' }
      : { engine: 'dubbo-go >= 3.2', loads: false, why: 'it runs JavaScript only' },
  ];
}

/** Names by which Java finds a JavaScript engine. */
const JAVASCRIPT = new Set(['javascript', 'js', 'ecmascript', 'nashorn', 'graal.js', 'rhino']);
const HSF: readonly EngineSupport[] = [{ engine: 'hsf', loads: true, why: 'the rule class is compiled at every push' }];
const DECLARATIVE: readonly EngineSupport[] = [
  { engine: 'dubbo 2.7-3.x', loads: true, why: 'condition and tag routers are part of every version' },
];

/** Conditions of v3.1 with from and to, asked of 2.7.23, 3.2.16 and 3.3.6. */
const FROM_TO: readonly EngineSupport[] = [
  { engine: 'dubbo 2.7', loads: false, why: 'it knows no from and to: every provider is left' },
  {
    engine: 'dubbo 3.2',
    loads: false,
    why: 'it takes from and to for the text of a condition that no provider fulfils: with force: true every call fails',
  },
  { engine: 'dubbo >= 3.3', loads: true, why: 'its condition router reads configVersion v3.1' },
];

/** Which runtimes still load a rule of this carrier. Sources: the SPI files and routers of apache/dubbo, per version. */
export function engineSupport(source: RuleSource): readonly EngineSupport[] {
  if (source.form === 'script-url') return SCRIPT_URL;
  if (source.form === 'script-yaml') return scriptYaml(source.language);
  if (source.kind === 'hsf-routing-rule' || source.kind === 'hsf-dpath-rule') return HSF;
  if (source.destinations !== undefined) return FROM_TO;
  return source.kind === 'dubbo-script'
    ? [...SCRIPT_URL.slice(0, 2), ...scriptYaml(source.language).slice(1, 2)]
    : DECLARATIVE;
}

/** Notes on a script's carrier and language: no Dubbo of today loads it, or it needs an engine. */
export function carrierNotes(source: RuleSource, span: PlanSpan): PlanNote[] {
  if (source.kind !== 'dubbo-script') return [];
  const notes: PlanNote[] = [];
  if (source.form === 'script-url') {
    const message =
      'script:// URLs are run by Dubbo up to 2.7.9 and old 2.6.x; on newer consumers the rule has no effect';
    notes.push({ code: 'WR003', message, span });
  }
  if (source.form === 'script-yaml') {
    const [, row] = scriptYaml(source.language);
    notes.push({ code: 'WR002', message: row?.why ?? '', span });
  }
  return notes;
}
