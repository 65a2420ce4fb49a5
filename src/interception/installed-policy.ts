/** The policy that should be in force, compared with the rules in the kernel. */
import { wantedRulesets } from './apply-rules.ts';
import type { KnownApp } from './known-apps.ts';
import type { InstalledRules } from './ports.ts';
import { compareRulesets, type Finding, NOTHING } from './rules/findings.ts';
import { TPROXY_TABLE } from './rules/nft/compile-tproxy.ts';
import { endsByItself } from './rules/off-switches.ts';
import type { InterceptPolicy } from './rules/policy.ts';
import type { Ruleset } from './rules/ruleset.ts';
import type { Situation } from './situation.ts';
import { EMPTY_GUARD, policyOfPlan, settledApps } from './switch-plan.ts';

/** The rules that the kernel should hold by the state file, beside those that it holds. */
export interface InstalledPolicy {
  readonly policy: InterceptPolicy;
  readonly wanted: readonly Ruleset[];
  readonly found: readonly Ruleset[];
  /**
   * The differences of `found` from `wanted`. Remains of an ended interception, which a command tidies up, are no
   * difference.
   */
  readonly findings: readonly Finding[];
  /**
   * The missing or changed rules of an ended interception: the switch that ended it may depend on them. Empty where a
   * command has tidied up.
   */
  readonly brokenRemains: readonly Finding[];
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
  if (isTidy || findings.length === 0)
    return { policy, wanted, found: installed.rulesets, findings, brokenRemains: [] };
  const untidied = { ...plan, apps: known.flatMap(({ stored }) => stored ?? []) };
  const remains = wantedRulesets(situation.backend, policyOfPlan(untidied, keeper), installed);
  const besideRemains = compareAll(remains, installed);
  return {
    policy,
    wanted,
    found: installed.rulesets,
    findings: withoutRemains(findings, besideRemains),
    brokenRemains: besideRemains.filter(({ expected }) => expected !== NOTHING),
  };
}

/** Why the switch of an application that is off may not work: its rules are still there, and these are missing or changed. */
export function switchDamage({ name, kernel, desired }: KnownApp, policy: InstalledPolicy | null): readonly Finding[] {
  if (desired !== 'off' || kernel === null || policy === null) return [];
  // Nobody switched them off: they end by themselves.
  if (kernel.off.length === 0 && endsByItself(kernel)) return [];
  return policy.brokenRemains.filter(({ app }) => app === null || app === name);
}

function compareAll(wanted: readonly Ruleset[], { rulesets }: InstalledRules): Finding[] {
  return wanted.flatMap((one, index) => compareRulesets(one, rulesets[index] ?? { scope: one.scope, tables: [] }));
}

/**
 * A passed deadline or the panic file only ends or adds rules. Until the next command tidies up, the other rules of the
 * application remain without effect. An extra part counts only when it is also wrong beside these remains.
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
      (table) =>
        table.name === 'weir_keep' ||
        table.name === TPROXY_TABLE ||
        table.chains.some((chain) => chain.name === 'WEIR_KEEP'),
    ),
  );
}
