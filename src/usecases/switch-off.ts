import type { MeshConfig } from '../config/mesh-config.ts';
import { openFlows } from './app-connections.ts';
import { appNames, unknownApp } from './app-names.ts';
import { type AppState, appState, NOT_ASKED } from './app-state.ts';
import { applyPolicy } from './apply-rules.ts';
import type { InterceptHost } from './host.ts';
import type { KnownApp } from './known-apps.ts';
import { type SettleOptions, sendDirect, sendDirectFromMemory, settleConnections } from './send-direct.ts';
import { readSituation, type Situation } from './situation.ts';
import type { StoredApp, StoredState } from './stored-state.ts';
import { LOCK_WAIT_MS } from './switch-on.ts';
import { EMPTY_GUARD, policyOfPlan, settledApps, withApps } from './switch-plan.ts';
import { NOT_PROBED, type SwitchResult, type Warned } from './switch-result.ts';

/** What the operator asked for. */
export interface SwitchOffRequest extends SettleOptions {
  /** Null when mesh.yaml is missing or broken: off must work all the same. */
  readonly config: MeshConfig | null;
  /** Applications by name, or everything that is not off. */
  readonly apps: readonly string[] | 'all';
  readonly reason: string | null;
}

/**
 * Sends new connections direct at once, by adding to the rules and before waiting for any lock; then tidies up and deals
 * with the connections that are still proxied.
 * @throws WeirError exit 2 (unknown application); a firewall tool that fails
 */
export async function switchOff(host: InterceptHost, request: SwitchOffRequest): Promise<Warned<SwitchResult>> {
  const began = host.clock.now();
  const { state } = await host.store.read();
  const remembered = rememberedOn(state, request);
  const fastMs = await sendDirectFromMemory(host, state, remembered);
  if (fastMs !== null) request.report({ step: 'direct', apps: remembered, ms: fastMs });
  const situation = await readSituation(host, 'remembered');
  const targets = selectTargets(situation, request);
  const names = targets.map((target) => target.name);
  const warnings = situation.storeProblem === null ? [] : [situation.storeProblem];
  const planMs = host.clock.now() - began;
  const before = await statesOf(host, targets);
  // The fast path is in force already: what it switched was on until a moment ago.
  if (fastMs !== null)
    for (const target of targets) if (wasDiverted(target)) before.set(target.name, confirmedState(state, target.name));
  const restMs = await sendDirect(host, situation, names);
  const applyMs = (fastMs ?? 0) + restMs;
  if (fastMs === null) request.report({ step: 'direct', apps: names, ms: applyMs });
  else {
    // Beside what the state file remembers, applications that only the kernel knows; what was off has been direct.
    const others = targets.filter(({ name, known }) => known?.desired === 'on' && !remembered.includes(name));
    if (others.length > 0) request.report({ step: 'direct', apps: others.map(({ name }) => name), ms: restMs });
  }
  warnings.push(...(await tidy(host, request, targets, before)));
  const counts = await settleConnections(
    host,
    request,
    targets.flatMap(({ name, slot }) => (slot === null ? [] : [{ name, slot }])),
  );
  warnings.push(...(await releaseKeeper(host)));
  const apps = targets.map((target) => {
    const { drained, cut, proxied } = counts.get(target.name) ?? { drained: 0, cut: 0, proxied: 0 };
    const after: AppState = proxied > 0 ? 'draining' : 'off';
    return {
      name: target.name,
      before: before.get(target.name) ?? 'off',
      after,
      connections: { proxied, cut, drained },
      proof: NOT_PROBED,
    };
  });
  const ms = { plan: planMs, apply: applyMs, prove: 0, total: host.clock.now() - began };
  return { result: { backend: situation.backend, apps, ms }, warnings };
}

/** The applications that were asked for and that the state file has as on. */
function rememberedOn(state: StoredState | null, request: SwitchOffRequest): string[] {
  const on = state?.apps.filter((app) => app.desired === 'on').map((app) => app.name) ?? [];
  return request.apps === 'all' ? on : request.apps.every((name) => on.includes(name)) ? [...request.apps] : [];
}

/** Diverted until our own switch came: its rules are there, and nobody else had switched it off. */
function wasDiverted({ known }: OffTarget): boolean {
  return known?.stored?.desired === 'on' && known.kernel !== null && known.kernel.off.every((by) => by === 'operator');
}

function confirmedState(state: StoredState | null, name: string): AppState {
  return state?.apps.find((app) => app.name === name)?.confirm ? 'unconfirmed' : 'on';
}

/** An application to switch off; one that was never on has no slot. */
interface OffTarget {
  readonly name: string;
  readonly known: KnownApp | null;
  readonly slot: number | null;
}

function selectTargets(situation: Situation, request: SwitchOffRequest): OffTarget[] {
  const known = appNames(request.config, situation);
  const names = request.apps === 'all' ? [...situation.apps.keys()] : request.apps;
  return names.map((name) => {
    if (!known.includes(name)) throw unknownApp(name, known, request.config?.file ?? 'this host');
    const app = situation.apps.get(name) ?? null;
    return { name, known: app, slot: app?.kernel?.slot ?? app?.stored?.slot ?? null };
  });
}

async function statesOf(host: InterceptHost, targets: readonly OffTarget[]): Promise<Map<string, AppState>> {
  // Asking conntrack takes longer than switching; only an application that is off already can be draining.
  const mayDrain = targets.some((target) => target.known?.desired === 'off');
  const flows = mayDrain ? await host.connections.tracked().catch(() => []) : [];
  return new Map(
    targets.map(({ name, known, slot }) => {
      const proxied = slot === null ? 0 : openFlows(flows, slot).length;
      return [name, appState({ known, proxied, drift: [], ...NOT_ASKED }).state];
    }),
  );
}

/** Remembers the decision and takes the applications out of the rules. What fails here is a warning: traffic is direct. */
async function tidy(
  host: InterceptHost,
  request: SwitchOffRequest,
  targets: readonly OffTarget[],
  before: ReadonlyMap<string, AppState>,
): Promise<string[]> {
  const names = targets.map((target) => target.name);
  const warnings: string[] = [];
  const onWait = (holder: string): void => request.report({ step: 'waiting', holder });
  const lock = await host.takeLock(`off ${names.join(' ')}`, LOCK_WAIT_MS, onWait).catch((error: unknown) => {
    warnings.push(`no lock: ${messageOf(error)}`);
    return null;
  });
  try {
    const situation = await readSituation(host, 'remembered');
    // An `on` of the same application may have come in between, and would have cleared the switch.
    await sendDirect(host, situation, names);
    const apps = withApps(settledApps(situation, host.clock.now()), switchedOffApps(host, situation, request, targets));
    const written = await remember(host, situation, apps).then(
      () => true,
      (error: unknown) => {
        warnings.push(`${messageOf(error)}; the kernel remembers that ${names.join(', ')} is off`);
        return false;
      },
    );
    // Without a state file the switch in the kernel is the only record, so the rules stay with it.
    if (written) await removeRules(host, situation, apps);
    const at = new Date(host.clock.now()).toISOString();
    for (const { name } of targets) {
      const from = before.get(name) ?? 'off';
      if (from === 'off' || from === 'draining') continue;
      await host.journal({ at, app: name, from, to: 'off', by: 'weir off', reason: request.reason });
    }
  } catch (error) {
    warnings.push(`traffic is direct, but tidying up failed: ${messageOf(error)}`);
  } finally {
    await lock?.release();
  }
  return warnings;
}

function switchedOffApps(
  host: InterceptHost,
  situation: Situation,
  request: SwitchOffRequest,
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

async function removeRules(host: InterceptHost, situation: Situation, apps: readonly StoredApp[]): Promise<void> {
  if (situation.backend === null) return;
  const unremembered = [...situation.apps.values()].some((known) => known.stored === null && known.desired === 'on');
  // Rules of an application that only the kernel knows cannot be compiled again; leave everything with its switch.
  if (unremembered) return;
  const guard = situation.stored?.guard ?? EMPTY_GUARD;
  const off = apps.filter((app) => app.desired === 'off').map((app) => app.name);
  await applyPolicy(host.firewall(situation.backend), policyOfPlan({ guard, apps }, true), off);
}

/**
 * Removes the keeper when nothing is on and no connection is proxied any more: from then on the kernel holds no trace.
 * Resolves to warnings; there is no harm in a keeper that stays.
 */
export async function releaseKeeper(host: InterceptHost): Promise<string[]> {
  const lock = await host.takeLock('tidy', LOCK_WAIT_MS, () => undefined).catch(() => null);
  try {
    const situation = await readSituation(host, 'remembered');
    if (
      situation.backend === null ||
      [...situation.apps.values()].some((known) => known.desired === 'on' || known.kernel !== null)
    )
      return [];
    const flows = await host.connections.tracked();
    const slots = new Set([...situation.apps.values()].flatMap((known) => known.stored?.slot ?? []));
    if ([...slots].some((slot) => openFlows(flows, slot).length > 0)) return [];
    await applyPolicy(host.firewall(situation.backend), policyOfPlan({ guard: EMPTY_GUARD, apps: [] }, false), []);
    return [];
  } catch (error) {
    return [`the keeper stays for now: ${messageOf(error)}`];
  } finally {
    await lock?.release();
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
