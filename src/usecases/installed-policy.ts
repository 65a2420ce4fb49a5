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
}

/** Null when nothing was ever installed here. A keeper is expected where one is found: it may outlive the last app. */
export function installedPolicy(situation: Situation, nowMs: number): InstalledPolicy | null {
  const installed = situation.backend === null ? undefined : situation.installed.get(situation.backend);
  if (situation.backend === null || installed === undefined) return null;
  const plan = { guard: situation.stored?.guard ?? EMPTY_GUARD, apps: settledApps(situation, nowMs) };
  const policy = policyOfPlan(plan, holdsKeeper(installed));
  return { policy, wanted: wantedRulesets(situation.backend, policy, installed), found: installed.rulesets };
}

function holdsKeeper(installed: InstalledRules): boolean {
  return installed.rulesets.some((ruleset) =>
    ruleset.tables.some(
      (table) => table.name === 'weir_keep' || table.chains.some((chain) => chain.name === 'WEIR_KEEP'),
    ),
  );
}
