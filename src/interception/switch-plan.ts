/** The pure steps from the remembered applications to a policy. */
import { compareBreadth } from '../mesh/selector-kinds.ts';
import { type AppPolicy, buildPolicy } from './build-policy.ts';
import type { KnownApp } from './known-apps.ts';
import { type Lease, leaseOf } from './rules/lease.ts';
import type { Deadline, InterceptedApp, InterceptPolicy } from './rules/policy.ts';
import type { Situation } from './situation.ts';
import type { StoredApp, StoredGuard } from './stored-state.ts';

/** The set of applications that shall be on, as it goes through the steps of `on`, `off` and `confirm`. */
export interface SwitchPlan {
  readonly guard: StoredGuard;
  /** Everything that is remembered afterwards, on or off, sorted by name. */
  readonly apps: readonly StoredApp[];
}

/** An empty guard, for a host that weir knows nothing of. */
export const EMPTY_GUARD: StoredGuard = { uids: [], gids: [], sshPorts: [], sshPeers: [], reservedPorts: [] };

/**
 * The remembered applications, updated by the kernel and the clock. An application that off.sh switched off, or whose
 * deadline passed, becomes off with that reason.
 */
export function settledApps(situation: Situation, nowMs: number): StoredApp[] {
  return [...situation.apps.values()].flatMap((known) => {
    if (known.stored === null) return [];
    if (known.desired === known.stored.desired) return [known.stored];
    const since = known.since ?? new Date(nowMs).toISOString();
    return [{ ...known.stored, desired: known.desired, reason: known.reason, since, confirm: null }];
  });
}

/** Replaces applications in a remembered list. */
export function withApps(apps: readonly StoredApp[], changed: readonly StoredApp[]): StoredApp[] {
  const byName = new Map(apps.map((app) => [app.name, app]));
  for (const app of changed) byName.set(app.name, app);
  return [...byName.values()].sort((a, b) => (a.name < b.name ? -1 : 1));
}

/** The policy of a plan. `deadlines` overrides the remembered deadline of an application. */
export function policyOfPlan(
  plan: SwitchPlan,
  keeper: boolean,
  deadlines: ReadonlyMap<string, Deadline | null> = new Map(),
): InterceptPolicy {
  const on = plan.apps.filter((app) => app.desired === 'on');
  const diverted = on.map((app) => ({
    policy: app.policy,
    deadline: deadlines.has(app.name) ? (deadlines.get(app.name) ?? null) : deadlineOf(app),
  }));
  return buildPolicy([...diverted, ...shieldedApps(plan.apps, on)], plan.guard, keeper);
}

/**
 * Applications that are off while a broader selector is on. Without rules of their own, `all`, a slice or a group would
 * take their connections. They get rules that divert neither family.
 */
function shieldedApps(apps: readonly StoredApp[], on: readonly StoredApp[]): { policy: AppPolicy; deadline: null }[] {
  return apps
    .filter(
      (app) => app.desired === 'off' && on.some((other) => compareBreadth(other.policy.select, app.policy.select) > 0),
    )
    .map((app) => ({ policy: { ...app.policy, families: { ipv4: false, ipv6: false } }, deadline: null }));
}

/** Whether an application of a policy is diverted at all; one that is off beside a broader one is not. */
export function isDiverted(app: InterceptedApp): boolean {
  return app.families.ipv4 || app.families.ipv6;
}

/** The leases of the remembered applications that are on and diverted under one. */
export function leasesOf(apps: readonly StoredApp[]): Lease[] {
  return apps.flatMap(({ desired, policy }) => (desired === 'on' ? (leaseOf(policy) ?? []) : []));
}

function deadlineOf(app: StoredApp): Deadline | null {
  if (app.confirm === null) return null;
  return { timeoutMs: app.confirm.timeoutMs, epochSeconds: app.confirm.epochSeconds };
}

/** Diverts now, and did so before this command: nothing has to be tried out. */
export function isAlreadyOn(known: KnownApp | null): boolean {
  return (
    known !== null &&
    known.desired === 'on' &&
    known.kernel !== null &&
    known.kernel.off.length === 0 &&
    (known.stored?.proven ?? true)
  );
}

/** A deadline this many milliseconds from now, in both forms that the back ends need. */
export function deadlineAfter(nowMs: number, timeoutMs: number): Deadline {
  // iptables' time match has whole seconds; rounding up never cuts the operator's time short.
  return { timeoutMs, epochSeconds: Math.ceil((nowMs + timeoutMs) / 1000) };
}
