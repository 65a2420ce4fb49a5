import { compareRulesets, type Finding, NOTHING } from '../intercept/findings.ts';
import type { InterceptPolicy } from '../intercept/policy.ts';
import type { Ruleset } from '../intercept/ruleset.ts';
import { wantedRulesets } from './apply-rules.ts';
import type { InstalledRules } from './ports.ts';
import type { Situation } from './situation.ts';
import { EMPTY_GUARD, policyOfPlan, settledApps } from './switch-plan.ts';

/** What the kernel should hold by what is remembered, beside what it does hold. */
export interface InstalledPolicy {
  readonly policy: InterceptPolicy;
  readonly wanted: readonly Ruleset[];
  readonly found: readonly Ruleset[];
  /** How `found` differs from `wanted`; what an ended interception leaves until a command tidies up is no difference. */
  readonly findings: readonly Finding[];
}

/** Null when nothing was ever installed here. A keeper is expected where one is found: it may outlive the last app. */
export function installedPolicy(situation: Situation, nowMs: number): InstalledPolicy | null {
  const installed = situation.backend === null ? undefined : situation.installed.get(situation.backend);
  if (situation.backend === null || installed === undefined) return null;
  const plan = { guard: situation.stored?.guard ?? EMPTY_GUARD, apps: settledApps(situation, nowMs) };
  const keeper = holdsKeeper(installed);
  const policy = policyOfPlan(plan, keeper);
  const wanted = wantedRulesets(situation.backend, policy, installed);
  const findings = compareAll(wanted, installed);
  const known = [...situation.apps.values()];
  const isTidy = known.every(({ stored, desired }) => stored === null || stored.desired === desired);
  if (isTidy || findings.length === 0) return { policy, wanted, found: installed.rulesets, findings };
  const untidied = { ...plan, apps: known.flatMap(({ stored }) => stored ?? []) };
  const remains = wantedRulesets(situation.backend, policyOfPlan(untidied, keeper), installed);
  return {
    policy,
    wanted,
    found: installed.rulesets,
    findings: withoutRemains(findings, compareAll(remains, installed)),
  };
}

function compareAll(wanted: readonly Ruleset[], { rulesets }: InstalledRules): Finding[] {
  return wanted.flatMap((one, index) => compareRulesets(one, rulesets[index] ?? { scope: one.scope, tables: [] }));
}

/**
 * A deadline that passed and the panic file only end or add: until the next command tidies up, the other rules of the
 * application are still there and do nothing. A part too many counts if it is wrong beside these remains as well.
 */
function withoutRemains(findings: readonly Finding[], besideRemains: readonly Finding[]): Finding[] {
  const wrong = new Set(besideRemains.map(partOf));
  return findings.filter((one) => one.expected !== NOTHING || wrong.has(partOf(one)));
}

/** The part that a finding is about. Rules are counted by what should be there, so their number says nothing here. */
function partOf({ where, found }: Finding): string {
  return `${where.replace(/\/rule \d+$/, '')}\n${found}`;
}

function holdsKeeper(installed: InstalledRules): boolean {
  return installed.rulesets.some((ruleset) =>
    ruleset.tables.some(
      (table) => table.name === 'weir_keep' || table.chains.some((chain) => chain.name === 'WEIR_KEEP'),
    ),
  );
}
