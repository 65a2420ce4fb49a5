/** What weir says of a generated rule, beside what an engine said. */
import type { CaseFile, RoutingCall, RoutingProvider } from '../../../src/rules/case-file.ts';
import { convertPlan, hasNoEffect } from '../../../src/rules/convert-plan.ts';
import { evaluateDocuments } from '../../../src/rules/evaluate-documents.ts';
import { evaluateRuleSource } from '../../../src/rules/evaluate-rule-source.ts';
import { loadTargetModel } from '../../../src/rules/models/load-model.ts';
import type { CallOutcome } from '../../../src/rules/plan/call-outcome.ts';
import { planRuleSource } from '../../../src/rules/plan-rule-source.ts';
import { readRuleFile } from '../../../src/rules/read/read-rule-file.ts';
import type { RouterEngine } from '../../../src/rules/read/router-behaviour.ts';
import type { RuleSource } from '../../../src/rules/read/rule-source.ts';
import { targetVersion } from '../../../src/rules/targets/lower.ts';
import type { TargetName } from '../../../src/rules/targets/target.ts';

/** The ways in which weir answers for a rule: its model of the engine, and the documents of each target. */
export const ARMS = ['source', 'dubbo-mesh', 'istio', 'envoy-dubbo', 'aeraki'] as const;

/** One of the ways. */
export type Arm = (typeof ARMS)[number];

/** What one arm said of all calls of a rule. */
export interface ArmTally {
  right: number;
  refused: number;
  /** The first call that was answered otherwise than by the engine, as a text. */
  wrong: string[];
}

/** A rule, where it is asked, and what a real engine said of each call. */
export interface ComparedRule {
  readonly file: string;
  readonly text: string;
  readonly app: string;
  readonly providers: readonly RoutingProvider[];
  readonly calls: readonly RoutingCall[];
  readonly engine?: RouterEngine | undefined;
  /** Ids of providers, or `ERROR:<class>`. */
  readonly real: readonly (readonly string[] | string)[];
  /** Whether the converter is given the registry snapshot. */
  readonly snapshot: boolean;
}

/** Answers every call of a rule in all arms, and counts what the real engine contradicts. */
export function compareRule(rule: ComparedRule, arms: readonly Arm[] = ARMS): Map<Arm, ArmTally> {
  const source = readRuleFile(rule.file, rule.text);
  const known: CaseFile = {
    app: rule.app,
    providers: [...rule.providers],
    services: [],
    types: {},
    machineGroups: {},
    calls: [],
  };
  const tallies = new Map<Arm, ArmTally>();
  for (const arm of arms) {
    const said = arm === 'source' ? bySource(rule, source, known) : byDocuments(rule, source, known, arm);
    tallies.set(arm, tally(rule, said));
  }
  return tallies;
}

/** Ids in their order, `ERROR:<class>`, or null for refused. */
type Answer = readonly string[] | string | null;

function bySource(rule: ComparedRule, source: RuleSource, known: CaseFile): Answer[] {
  return rule.calls.map((call) =>
    answerOf(evaluateRuleSource(source, call, { ...known, engine: rule.engine }), call, rule),
  );
}

function answerOf(outcome: CallOutcome, call: RoutingCall, rule: ComparedRule): Answer {
  if (outcome.kind === 'providers') return outcome.ids;
  if (outcome.kind === 'error') return `ERROR:${outcome.exception}`;
  if (outcome.kind === 'ignored') return presentIds(rule, call);
  return null;
}

function presentIds(rule: ComparedRule, call: RoutingCall): string[] {
  return rule.providers.filter(({ id }) => call.only === undefined || call.only.includes(id)).map(({ id }) => id);
}

function byDocuments(rule: ComparedRule, source: RuleSource, known: CaseFile, target: TargetName): Answer[] {
  const estate = rule.snapshot ? known : { ...known, providers: [] };
  const plan = planRuleSource(source, { ...estate, engine: rule.engine });
  const version = targetVersion(target, undefined);
  const request = { plan, name: 'rule', target, version, accepted: new Set<string>() };
  const converted = convertPlan({ ...request, services: estate.services, providers: estate.providers });
  if (converted.text === null) {
    return rule.calls.map((call) => (hasNoEffect(plan) ? presentIds(rule, call) : null));
  }
  const loading = loadTargetModel(target, version, converted.text);
  if (!loading.ok) throw new Error(`${target} does not take its documents: ${loading.reason}`);
  const documents = {
    model: loading.model,
    labels: converted.labels,
    generated: true,
    callAssumptions: plan.callAssumptions,
    assumptions: plan.assumptions,
  };
  return rule.calls.map((call, index) => {
    const said = evaluateDocuments(documents, call, index, rule.providers);
    return said.outcome === 'REFUSED' ? null : (said.providers ?? said.outcome ?? null);
  });
}

function tally(rule: ComparedRule, said: readonly Answer[]): ArmTally {
  const counted: ArmTally = { right: 0, refused: 0, wrong: [] };
  said.forEach((answer, at) => {
    if (answer === null) counted.refused += 1;
    else if (sameAnswer(answer, rule.real[at]) || reachesNobody(rule, at, answer)) counted.right += 1;
    else
      counted.wrong.push(
        `said ${JSON.stringify(answer)}, the engine ${JSON.stringify(rule.real[at])}: ${JSON.stringify(rule.calls[at])}`,
      );
  });
  return counted;
}

// Beside no provider at all a call fails, with an exception of the script or without.
function reachesNobody(rule: ComparedRule, at: number, answer: Answer): boolean {
  const call = rule.calls[at];
  const isAlone = call !== undefined && presentIds(rule, call).length === 0;
  return isAlone && typeof answer === 'object' && typeof rule.real[at] === 'string';
}

function sameAnswer(said: readonly string[] | string, real: readonly string[] | string | undefined): boolean {
  if (typeof said === 'string' || typeof real !== 'object') return said === real;
  return JSON.stringify([...said].sort()) === JSON.stringify([...real].sort());
}
