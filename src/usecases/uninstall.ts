import { openFlows } from './app-connections.ts';
import { appState, NOT_ASKED } from './app-state.ts';
import { applyRulesets, wantedRulesets } from './apply-rules.ts';
import type { InterceptHost } from './host.ts';
import { type SettleOptions, sendDirect, settleConnections } from './send-direct.ts';
import { holdsRules, readSituation } from './situation.ts';
import { LOCK_WAIT_MS } from './switch-on.ts';
import { EMPTY_GUARD, policyOfPlan } from './switch-plan.ts';
import { NOT_PROBED, type SwitchResult, type Warned } from './switch-result.ts';

/** What the operator asked for. */
export type UninstallRequest = SettleOptions;

/** What was removed. `left` counts connections whose keeper had to stay, so that they live. */
export interface UninstallResult extends SwitchResult {
  readonly removed: readonly string[];
  readonly left: number;
}

/**
 * Everything off, then every trace of weir removed from every back end and from the state and run directories.
 * Needs nothing but the tags in the kernel: no mesh.yaml, no user, no sidecar, no state file.
 */
export async function uninstall(host: InterceptHost, request: UninstallRequest): Promise<Warned<UninstallResult>> {
  const began = host.clock.now();
  const first = await readSituation(host, 'every');
  const names = [...first.apps.keys()];
  const targets = [...first.apps.values()].flatMap(({ name, stored, kernel }) => {
    const slot = kernel?.slot ?? stored?.slot;
    return slot === undefined ? [] : [{ name, slot }];
  });
  const before = new Map(
    [...first.apps.values()].map((known) => [
      known.name,
      appState({ known, proxied: 0, drift: [], ...NOT_ASKED }).state,
    ]),
  );
  const applyMs = await sendDirect(host, first, names);
  if (names.length > 0) request.report({ step: 'direct', apps: names, ms: applyMs });
  const counts = await settleConnections(host, request, targets);
  const lock = await host.takeLock('uninstall', LOCK_WAIT_MS, (holder) => request.report({ step: 'waiting', holder }));
  const removed: string[] = [];
  const warnings: string[] = [];
  let left = 0;
  try {
    const situation = await readSituation(host, 'every');
    const flows = await host.connections.tracked().catch(() => []);
    left = targets.reduce((sum, target) => sum + openFlows(flows, target.slot).length, 0);
    for (const [backend, installed] of situation.installed) {
      if (!holdsRules(installed)) continue;
      const nothing = policyOfPlan({ guard: EMPTY_GUARD, apps: [] }, left > 0);
      const wanted = wantedRulesets(backend, nothing, installed);
      await applyRulesets(host.firewall(backend), wanted, names, installed.rulesets);
      removed.push(`${backend} rules`);
    }
    if (left === 0) {
      if (situation.stored !== null || situation.storeProblem !== null) removed.push('state file');
      await host.store.remove();
      await host.panicFile.remove();
    } else {
      warnings.push(
        `connections that are still proxied: ${left}; their keeper stays. Run \`weir uninstall\` again when they have ended, or with --existing cut`,
      );
    }
  } finally {
    await lock.release();
  }
  const apps = names.map((name) => {
    const { drained, cut, proxied } = counts.get(name) ?? { drained: 0, cut: 0, proxied: 0 };
    const after = proxied > 0 ? ('draining' as const) : ('off' as const);
    return {
      name,
      before: before.get(name) ?? ('off' as const),
      after,
      connections: { proxied, cut, drained },
      proof: NOT_PROBED,
    };
  });
  const ms = { plan: 0, apply: applyMs, prove: 0, total: host.clock.now() - began };
  return { result: { backend: first.backend, apps, ms, removed, left }, warnings };
}
