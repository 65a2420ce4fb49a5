/** `weir uninstall`: everything off, then every rule of weir removed, and its files about them. */
import { reasonOf } from '../errors/message-of.ts';
import { WeirError } from '../errors/weir-error.ts';
import { appState, NOT_ASKED } from './app-state.ts';
import { applyRulesets, wantedRulesets } from './apply-rules.ts';
import { type BegunLock, isWaitEnded, waitForLock } from './begin-lock.ts';
import type { InterceptHost } from './host.ts';
import { type InterruptedOff, interruptedOff, whatStands } from './interrupted-off.ts';
import { type FlowOwners, listProxied, ownersOf } from './list-flows.ts';
import { LOCK_WAIT_MS } from './lock-wait.ts';
import { blindSpots, refuseBlindness, refuseElsewhere } from './look.ts';
import type { OffTarget } from './off-target.ts';
import { confirmDirect, type ProvenDirect } from './prove-direct.ts';
import type { SettleOptions } from './send-direct.ts';
import { listFlows, openOf, settleFlows } from './settle-flows.ts';
import { holdsRules, readSituation, type Situation, unreadBackends } from './situation.ts';
import { EMPTY_GUARD, policyOfPlan, withApps } from './switch-plan.ts';
import { NOT_PROBED, type SwitchResult, type Warned } from './switch-result.ts';
import { switchedOffApps } from './tidy-off.ts';

/** The operator's request. */
export type UninstallRequest = SettleOptions;

/** The removed parts. `left` counts connections whose keeper had to stay, so that they continue; null: not counted. */
export interface UninstallResult extends SwitchResult {
  readonly removed: readonly string[];
  readonly left: number | null;
}

/** `isWhole` is false when something after the switch failed, which a warning names. */
export interface Uninstalled extends Warned<UninstallResult> {
  readonly isWhole: boolean;
}

/** The result of the removal. */
interface Removal {
  readonly removed: readonly string[];
  readonly left: number | null;
  readonly warnings: readonly string[];
}

/**
 * Switches everything off, then removes every rule of weir from all back ends, and with the last one the state file, the
 * event log and off.sh.
 * It needs only the tags in the kernel: no mesh.yaml, no user, no sidecar, no state file. A failure after the switch is
 * a warning, because traffic is direct.
 * @throws WeirError exit 3 (nothing could be looked at, another namespace), 5 (still diverted)
 */
export async function uninstall(host: InterceptHost, request: UninstallRequest): Promise<Uninstalled> {
  const began = host.clock.monotonic();
  const { state } = await host.store.read();
  const owners = ownersOf(state?.apps ?? []);
  const [first, begun] = await Promise.all([readSituation(host, 'every'), listFlows(host, owners)]);
  refuseElsewhere(host, first, 'weir uninstall');
  refuseBlindness(first, [], 'weir uninstall');
  const targets: OffTarget[] = [...first.apps.values()].map((known) => {
    const slot = known.kernel?.slot ?? known.stored?.slot ?? null;
    return { name: known.name, known, slot };
  });
  const names = targets.map(({ name }) => name);
  const before = new Map(
    targets.map(({ name, known }) => [name, appState({ known, proxied: 0, drift: [], ...NOT_ASKED }).state]),
  );
  const direct = await confirmAlone(host, first, names, request);
  const switched = names.filter((name) => before.get(name) !== 'off');
  if (switched.length > 0) request.report({ step: 'direct', apps: switched, ms: direct.ms });
  const listings = {
    begun: begun === null ? null : { flows: begun, isBefore: true },
    flows: await listFlows(host, first.apps),
  };
  const settled = await settleFlows(host, request, targets, listings, first.apps);
  let holder: string | null = null;
  const onWait = (who: string): void => {
    holder = who;
    request.report({ step: 'waiting', holder: who });
  };
  const removal = await remove(host, request, targets, onWait).catch(async (error: unknown): Promise<Removal> => {
    if (isWaitEnded(error, request.signal)) {
      const warnings = [...direct.warnings, ...settled.warnings];
      throw await interruptedOff(host, { ...interruption(request, names), holder, warnings });
    }
    // Beside the command that was waited for they may have been switched on again.
    const stands = holder === null ? [] : await whatStands(host, names, 'every');
    const where = stands.length === 0 ? 'traffic is direct' : stands.join('; ');
    return { removed: [], left: null, warnings: [`${where}, but not everything was removed: ${reasonOf(error)}`] };
  });
  const apps = targets.map(({ name }) => {
    const connections = settled.counts.get(name) ?? { drained: 0, cut: 0, proxied: 0 };
    const after = (connections.proxied ?? 0) > 0 ? ('draining' as const) : ('off' as const);
    return { name, before: before.get(name) ?? ('off' as const), after, connections, proof: NOT_PROBED };
  });
  const ms = { plan: 0, apply: direct.ms, prove: 0, total: host.clock.monotonic() - began };
  return {
    result: { backend: first.backend, apps, ms, removed: removal.removed, left: removal.left },
    warnings: [
      ...(first.stored === null ? blindSpots(first) : []),
      ...direct.warnings,
      ...settled.warnings,
      ...removal.warnings,
    ],
    isWhole: settled.isWhole && removal.left !== null,
  };
}

/** Takes the lock only where another command gets in between, and gives it back before connections are waited for. */
async function confirmAlone(
  host: InterceptHost,
  first: Situation,
  names: readonly string[],
  request: UninstallRequest,
): Promise<ProvenDirect> {
  let lock: BegunLock | null = null;
  const alone = async (): Promise<string | null> => {
    lock = await waitForLock(host, 'uninstall', request);
    const noLock = await lock.held;
    if (lock.isInterrupted())
      throw await interruptedOff(host, { ...interruption(request, names), holder: lock.holder });
    return noLock;
  };
  try {
    return await confirmDirect(host, first, names, { search: 'every', alone });
  } finally {
    await (lock as BegunLock | null)?.release();
  }
}

/** What stands after an interruption, but for whom it waited for. */
function interruption({ signal }: UninstallRequest, names: readonly string[]): Omit<InterruptedOff, 'holder'> {
  const undone = 'nothing was removed: rules of weir, state file and off.sh stay';
  return { signal, command: 'weir uninstall', names, search: 'every', undone };
}

async function remove(
  host: InterceptHost,
  request: UninstallRequest,
  targets: readonly OffTarget[],
  onWait: (holder: string) => void,
): Promise<Removal> {
  const lock = await host.takeLock('uninstall', LOCK_WAIT_MS, onWait, request.signal);
  const removed: string[] = [];
  try {
    const situation = await readSituation(host, 'every');
    const counted = await countLeft(host, targets, situation.apps);
    const left = typeof counted === 'number' ? counted : null;
    const unread = unreadBackends(situation).map(
      (line) => `${line}; they stay. Run \`weir uninstall\` again when it can be read`,
    );
    const names = targets.map(({ name }) => name);
    await forgetOn(host, situation, { request, targets, left });
    for (const [backend, installed] of situation.installed) {
      if (!holdsRules(installed)) continue;
      const nothing = policyOfPlan({ guard: EMPTY_GUARD, apps: [] }, left !== 0);
      const wanted = wantedRulesets(backend, nothing, installed);
      await applyRulesets(host.firewall(backend), wanted, names, installed.rulesets);
      removed.push(`${backend} rules`);
    }
    if (left === 0) {
      if (await removeMarkRoutes(host)) removed.push('routing rules');
      if (situation.stored !== null || situation.storeProblem !== null) removed.push('state file');
      await host.store.remove();
      await host.panicFile.remove();
      return { removed, left, warnings: unread };
    }
    const why =
      typeof counted === 'number'
        ? `connections that are still proxied: ${counted}`
        : `whether connections are still proxied cannot be told (${counted.why})`;
    const again = `${why}; their keeper stays. Run \`weir uninstall\` again when they have ended, or with --existing cut`;
    return { removed, left, warnings: [...unread, again] };
  } finally {
    await lock.release();
  }
}

/**
 * Takes what is on out of the memory before its rules go: a file that still says on beside rules that are gone looks like
 * drift, and a supervisor would put them back. The file goes at once where nothing is left, which works on a full disk too.
 * @throws WeirError when the file can be neither removed nor written: the rules stay then, with the switch that overrules them
 */
async function forgetOn(
  host: InterceptHost,
  situation: Situation,
  { request, targets, left }: { request: UninstallRequest; targets: readonly OffTarget[]; left: number | null },
): Promise<void> {
  const { stored } = situation;
  if (stored === null || stored.apps.every(({ desired }) => desired === 'off')) return;
  if (left === 0) return host.store.remove();
  const apps = switchedOffApps(host, situation, { ...request, reason: null }, targets);
  await host.store.write({ ...stored, apps: withApps(stored.apps, apps) });
}

/** Whether there were any. Needs no state file: they carry a protocol number of weir's. */
async function removeMarkRoutes(host: InterceptHost): Promise<boolean> {
  const facts = await host.markRoutes.read().catch((error: unknown) => {
    // Without `ip` on this host nobody made any.
    if (error instanceof WeirError && error.code === 'WEIR2001') return null;
    throw error;
  });
  if (facts === null || facts.some.length === 0) return false;
  await host.markRoutes.remove();
  return true;
}

/** Open connections of the applications, or why nobody can tell: a keeper that goes would cut them. */
async function countLeft(
  host: InterceptHost,
  targets: readonly OffTarget[],
  apps: FlowOwners,
): Promise<number | { readonly why: string }> {
  if (targets.length === 0) return 0;
  try {
    const flows = await listProxied(host, apps);
    return targets.reduce((sum, target) => sum + openOf(flows, target), 0);
  } catch (error) {
    return { why: reasonOf(error) };
  }
}
