/** The steps after a switch, under the lock: the state file, the rules of the applications, and the keeper. */
import { reasonOf } from '../errors/message-of.ts';
import { WeirError } from '../errors/weir-error.ts';
import type { AppState } from './app-state.ts';
import { applyRulesets, wantedRulesets } from './apply-rules.ts';
import type { BegunLock } from './begin-lock.ts';
import type { InterceptHost } from './host.ts';
import { dropMarkRoutes } from './mark-routing.ts';
import type { OffTarget } from './off-target.ts';
import { confirmDirect } from './prove-direct.ts';
import { holdsFlows } from './release-keeper.ts';
import { loneRemovals } from './rules/lone-removals.ts';
import type { SettleOptions } from './send-direct.ts';
import type { ProxiedFlows } from './settle-flows.ts';
import { readSituation, type Situation } from './situation.ts';
import type { StoredApp } from './stored-state.ts';
import { EMPTY_GUARD, policyOfPlan, settledApps, withApps } from './switch-plan.ts';

/** The input of the tidying. */
export interface TidyTask {
  readonly request: SettleOptions & { readonly reason: string | null; readonly origin?: 'fleet' };
  readonly targets: readonly OffTarget[];
  readonly before: ReadonlyMap<string, AppState>;
  /** Read after the switch; under the lock when that was free. */
  readonly situation: Situation;
  readonly lock: BegunLock;
  readonly flows: ProxiedFlows;
}

/** The result of the tidying. */
export interface Tidied {
  readonly warnings: readonly string[];
  readonly isWhole: boolean;
  /** The keeper could not go yet: connections are open. */
  readonly keeperStays: boolean;
}

/**
 * Without the lock only the switch stays behind, because another command may work on the same rules.
 * @throws WeirError WEIR3042, exit 5, when rules divert one of the applications again
 */
export async function tidyOff(host: InterceptHost, task: TidyTask): Promise<Tidied> {
  const { targets, request, lock, flows } = task;
  const names = targets.map(({ name }) => name);
  const warnings: string[] = [];
  const noLock = await lock.held;
  if (lock.isInterrupted()) {
    await note(host, task);
    return { warnings, isWhole: false, keeperStays: false };
  }
  let { situation } = task;
  if (lock.holder !== null) {
    // An `on` of the same application may have come in between, and would have cleared the switch.
    try {
      const others = noLock === null ? {} : { alone: () => Promise.resolve(noLock) };
      const again = await confirmDirect(host, await readSituation(host, 'remembered'), names, others);
      situation = again.situation;
      warnings.push(...again.warnings);
    } catch (error) {
      if (error instanceof WeirError && error.code === 'WEIR3042') throw error;
      const where = noLock === null ? ' under the lock' : '';
      warnings.push(`traffic went direct, and could not be looked at again${where}: ${reasonOf(error)}`);
      return { warnings, isWhole: false, keeperStays: false };
    }
  }
  if (noLock !== null) {
    warnings.push(`no lock: ${noLock}; the rules stay in the kernel, and so does the switch that overrules them`);
    await note(host, task);
    return { warnings, isWhole: true, keeperStays: false };
  }
  try {
    const apps = withApps(settledApps(situation, host.clock.now()), switchedOffApps(host, situation, request, targets));
    const isRemembered = await remember(host, situation, apps).then(
      () => true,
      (error: unknown) => {
        warnings.push(`${reasonOf(error)}; the kernel remembers that ${names.join(', ')} is off`);
        return false;
      },
    );
    // Without a state file the switch in the kernel is the only record, so the rules stay with it.
    const keeperStays = flows === null || holdsFlows(situation, flows);
    if (isRemembered) await removeRules(host, situation, apps, { names, keeperStays });
    const isMarking = apps.some(({ desired, policy }) => desired === 'on' && policy.mode === 'tproxy');
    if (isRemembered && !keeperStays && !isMarking) await dropMarkRoutes(host, situation);
    await note(host, task);
    await lock.release();
    return { warnings, isWhole: isRemembered, keeperStays };
  } catch (error) {
    warnings.push(`traffic is direct, but tidying up failed: ${reasonOf(error)}`);
    return { warnings, isWhole: false, keeperStays: false };
  }
}

async function note(host: InterceptHost, { targets, before, request }: TidyTask): Promise<void> {
  const at = new Date(host.clock.now()).toISOString();
  for (const { name } of targets) {
    const from = before.get(name) ?? 'off';
    if (from === 'off' || from === 'draining') continue;
    await host.journal({ at, app: name, from, to: 'off', by: 'weir off', reason: request.reason });
  }
}

/** The remembered applications among the targets, as off. */
export function switchedOffApps(
  host: InterceptHost,
  situation: Situation,
  request: TidyTask['request'],
  targets: readonly OffTarget[],
): StoredApp[] {
  const now = host.clock.now();
  return targets.flatMap(({ name }) => {
    const known = situation.apps.get(name);
    if (!known?.stored) return [];
    const wasOn = known.stored.desired === 'on';
    const drainUntil = request.existing === 'drain' ? new Date(now + request.drainMs).toISOString() : null;
    return [
      {
        ...known.stored,
        desired: 'off' as const,
        confirm: null,
        drainUntil,
        since: wasOn ? new Date(now).toISOString() : known.stored.since,
        reason: request.reason ?? (wasOn ? null : known.reason),
        origin: request.origin,
      },
    ];
  });
}

async function remember(host: InterceptHost, situation: Situation, apps: readonly StoredApp[]): Promise<void> {
  if (situation.stored === null) {
    if (situation.storeProblem !== null) throw new Error(situation.storeProblem);
    return;
  }
  await host.store.write({ ...situation.stored, apps });
}

async function removeRules(
  host: InterceptHost,
  situation: Situation,
  apps: readonly StoredApp[],
  { names, keeperStays }: { readonly names: readonly string[]; readonly keeperStays: boolean },
): Promise<void> {
  const { backend, apps: known, stored, installed } = situation;
  const rules = backend === null ? undefined : installed.get(backend);
  if (backend === null || rules === undefined) return;
  // Rules of an application that only the kernel knows cannot be compiled again; leave everything with its switch.
  if ([...known.values()].some((one) => one.stored === null && one.desired === 'on')) return;
  if (await removedAlone(host, situation, names)) return;
  const off = apps.filter((app) => app.desired === 'off').map((app) => app.name);
  const policy = policyOfPlan({ guard: stored?.guard ?? EMPTY_GUARD, apps }, keeperStays);
  await applyRulesets(host.firewall(backend), wantedRulesets(backend, policy, rules), off, rules.rulesets);
}

/**
 * Removes the applications without a look at the rules of the others, where theirs stay as they are: all others are what
 * the state file says, and none has a broader or a narrower selector. False when nothing was removed.
 */
async function removedAlone(
  host: InterceptHost,
  { backend, apps, installed }: Situation,
  names: readonly string[],
): Promise<boolean> {
  const [ruleset] = (backend === null ? undefined : installed.get(backend))?.rulesets ?? [];
  if (backend !== 'nft' || ruleset === undefined) return false;
  const kinds = new Set<string>();
  for (const { name, stored, kernel, desired } of apps.values()) {
    if (stored === null) return false;
    kinds.add(stored.policy.select.kind);
    if (names.includes(name)) continue;
    if (stored.desired !== desired || (desired === 'on') !== (kernel !== null)) return false;
  }
  const operations = kinds.size === 1 ? loneRemovals(ruleset, names) : null;
  if (operations === null) return false;
  // Refused when somebody changed the rules since they were read: they are read again then.
  return host
    .firewall(backend)
    .commit([{ scope: ruleset.scope, operations, undo: [] }])
    .then(
      () => true,
      () => false,
    );
}
