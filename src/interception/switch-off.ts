/** `weir off`: the switch first, then the look that proves it, then tidying under the lock and the connections. */
import { reasonOf } from '../errors/message-of.ts';
import type { MeshConfig } from '../mesh/mesh-config.ts';
import { heldAccounts } from './account-conflict.ts';
import { appNames, unknownApp } from './app-names.ts';
import { type AppState, appState, NOT_ASKED } from './app-state.ts';
import { waitForLock } from './begin-lock.ts';
import type { FirstSwitch } from './first-switch.ts';
import type { BegunFlows } from './flow-tally.ts';
import type { InterceptHost } from './host.ts';
import { interruptedOff } from './interrupted-off.ts';
import type { KnownApp } from './known-apps.ts';
import { ownersOf } from './list-flows.ts';
import { blindSpots, refuseBlindness, refuseElsewhere } from './look.ts';
import type { OffTarget } from './off-target.ts';
import { confirmDirect } from './prove-direct.ts';
import { releaseKeeper } from './release-keeper.ts';
import { decodeMark } from './rules/mark.ts';
import { type SettleOptions, sendDirectFromMemory } from './send-direct.ts';
import { listBeforeSwitch, listFlows, openOf, type ProxiedFlows, settleFlows } from './settle-flows.ts';
import { readSituation, type Situation } from './situation.ts';
import type { StoredState } from './stored-state.ts';
import { NOT_PROBED, type SwitchResult, type Warned } from './switch-result.ts';
import { tidyOff } from './tidy-off.ts';

/** The operator's request. */
export interface SwitchOffRequest extends SettleOptions {
  /** mesh.yaml, null when it is missing or broken. Read only for a name that neither state nor kernel knows. */
  readonly readConfig: () => Promise<MeshConfig | null>;
  /** Applications by name, or everything that is not off. */
  readonly apps: readonly string[] | 'all';
  readonly reason: string | null;
  /** Set when the fleet wants it: then it is no override of this host. */
  readonly origin?: 'fleet';
  /** A switch that is under way already; without it the command makes it. */
  readonly first?: Promise<FirstSwitch | null>;
  /** The connections from before that switch; without them they are listed before the command's own. */
  readonly begun?: Promise<BegunFlows | null>;
}

/** The result of `off`; `isWhole` is false when a step after the switch failed, which a warning names. */
export interface SwitchedOff extends Warned<SwitchResult> {
  readonly isWhole: boolean;
}

/**
 * Sends new connections direct at once, by adding rules before it waits for any lock. It reports that once the kernel
 * has been read and agrees. Then it tidies up and settles the connections that are still proxied. A failure after the
 * switch is a warning, because traffic is direct.
 * @throws WeirError exit 2 (unknown application), 3 (nothing could be looked at, another namespace), 5 (still diverted)
 */
export async function switchOff(host: InterceptHost, request: SwitchOffRequest): Promise<SwitchedOff> {
  const began = host.clock.monotonic();
  const command = `weir off ${request.apps === 'all' ? '--all' : request.apps.join(' ')}`;
  const { state } = await host.store.read();
  // A switch under way does not wait for the lock: it is added whatever process holds the lock.
  const early = request.first === undefined ? null : waitForLock(host, command.slice('weir '.length), request);
  const begun = request.begun ?? (await listBegun(host, state, request)).listed;
  const first = await (request.first ?? switchFromMemory(host, state, request));
  const fastMs = first?.ms ?? null;
  const lock = await (early ?? waitForLock(host, command.slice('weir '.length), request));
  try {
    let situation = await readSituation(host, 'remembered').catch((error: unknown) => {
      throw fastMs === null ? error : new SwitchUnread(error);
    });
    refuseElsewhere(host, situation, command);
    const targets = await selectTargets(situation, request, command);
    const names = targets.map(({ name }) => name);
    const before = new Map(targets.map((target) => [target.name, stateBefore(target, fastMs !== null, state)]));
    const { holder } = lock;
    const interrupted = { signal: request.signal, command, names, holder, search: 'remembered' } as const;
    const alone = async (): Promise<string | null> => {
      const noLock = await lock.held;
      if (lock.isInterrupted()) throw await interruptedOff(host, { ...interrupted, undone: 'nothing else was done' });
      return noLock;
    };
    const direct = await confirmDirect(host, situation, names, lock.isHeld ? {} : { alone });
    situation = direct.situation;
    // The application's own rules are gone, but another application's rules still divert the same account. That is not
    // direct.
    const held = heldAccounts(situation, names);
    const switched = names.filter((name) => before.get(name) !== 'off' && !held.has(name));
    if (switched.length > 0) request.report({ step: 'direct', apps: switched, ms: (fastMs ?? 0) + direct.ms });
    const planMs = host.clock.monotonic() - began;

    const listings = { begun: await begun, flows: await listFlows(host, situation.apps) };
    const { flows } = listings;
    for (const target of targets)
      if (before.get(target.name) === 'off' && openOf(flows, target) > 0) before.set(target.name, 'draining');
    const warnings = [
      ...held.values(),
      ...(situation.stored === null ? blindSpots(situation) : []),
      ...direct.warnings,
    ];
    if (situation.storeProblem !== null) warnings.unshift(situation.storeProblem);
    // Connections are cut before the rules are removed, so that one transaction also removes the keeper.
    const cut = request.existing === 'cut' ? await settleFlows(host, request, targets, listings, situation.apps) : null;
    const open = cut?.isWhole ? withoutTargets(flows, targets) : flows;
    const tidied = await tidyOff(host, { request, targets, before, situation, lock, flows: open });
    warnings.push(...tidied.warnings);
    const settled = cut ?? (await settleFlows(host, request, targets, listings, situation.apps));
    warnings.push(...settled.warnings);
    if (tidied.keeperStays && request.existing === 'drain') warnings.push(...(await releaseKeeper(host, request)));
    const ms = {
      plan: planMs,
      apply: (fastMs ?? 0) + direct.ms,
      prove: 0,
      total: host.clock.monotonic() - began,
    };
    const apps = targets.map(({ name }) => {
      const connections = settled.counts.get(name) ?? { drained: 0, cut: 0, proxied: 0 };
      const after: AppState = (connections.proxied ?? 0) > 0 ? 'draining' : 'off';
      return { name, before: before.get(name) ?? 'off', after, connections, proof: NOT_PROBED };
    });
    const result = { backend: situation.backend, apps, ms };
    if (lock.isInterrupted()) {
      const undone = 'nothing was tidied up';
      throw await interruptedOff(host, { ...interrupted, undone, warnings, details: result });
    }
    const isWhole = tidied.isWhole && settled.isWhole && flows !== null && held.size === 0;
    return { result, warnings, isWhole };
  } catch (error) {
    if (!(error instanceof SwitchUnread)) throw error;
    return unreadSwitch(state, first?.names ?? [], error, fastMs ?? 0, host.clock.monotonic() - began);
  } finally {
    await lock.release();
  }
}

/** The kernel took the switch, and could not be read afterwards. */
class SwitchUnread extends Error {
  constructor(cause: unknown) {
    super(reasonOf(cause), { cause });
  }
}

/** Reports only what is known: the kernel took the switch. Nothing was tidied, and no connection was counted. */
function unreadSwitch(
  state: StoredState | null,
  names: readonly string[],
  { message }: SwitchUnread,
  applyMs: number,
  totalMs: number,
): SwitchedOff {
  const connections = { proxied: null, cut: null, drained: null };
  const apps = names.map((name) => ({
    name,
    before: state?.apps.find((app) => app.name === name)?.confirm ? ('unconfirmed' as const) : ('on' as const),
    after: 'off' as const,
    connections,
    proof: NOT_PROBED,
  }));
  const ms = { plan: 0, apply: applyMs, prove: 0, total: totalMs };
  return {
    result: { backend: state?.backend ?? null, apps, ms },
    warnings: [
      `the kernel took the switch of ${names.join(', ')}, and could not be read afterwards: ${message}`,
      'nothing was tidied up and no connection was counted: run the same command again',
    ],
    isWhole: false,
  };
}

/** The connections before the switch, where somebody is told how many of them drained. */
async function listBegun(
  host: InterceptHost,
  state: StoredState | null,
  { countsDrained = true }: SwitchOffRequest,
): Promise<{ readonly listed: Promise<BegunFlows | null> | null }> {
  return countsDrained ? await listBeforeSwitch(host, ownersOf(state?.apps ?? [])) : { listed: null };
}

async function switchFromMemory(
  host: InterceptHost,
  state: StoredState | null,
  request: SwitchOffRequest,
): Promise<FirstSwitch | null> {
  if (!(await isRememberedHere(host, state))) return null;
  const names = rememberedOn(state, request);
  const ms = await sendDirectFromMemory(host, state, names);
  return ms === null ? null : { names, ms };
}

/** The applications that were asked for and that the state file has as on. */
function rememberedOn(state: StoredState | null, request: SwitchOffRequest): string[] {
  const on = state?.apps.filter((app) => app.desired === 'on').map((app) => app.name) ?? [];
  return request.apps === 'all' ? on : request.apps.every((name) => on.includes(name)) ? [...request.apps] : [];
}

/** The fast path adds to the rules of this namespace, so it is taken only where these are the remembered ones. */
async function isRememberedHere(host: InterceptHost, state: StoredState | null): Promise<boolean> {
  if (state === null) return false;
  const { namespace, netns } = await host.network();
  if (state.namespace !== null && namespace !== null) return state.namespace.id === namespace.id;
  return state.netns === netns;
}

async function selectTargets(situation: Situation, request: SwitchOffRequest, command: string): Promise<OffTarget[]> {
  const { apps } = situation;
  const names = request.apps === 'all' ? [...apps.keys()] : request.apps;
  if (!names.every((name) => apps.has(name))) {
    refuseBlindness(situation, names, command);
    const config = await request.readConfig();
    const known = appNames(config, situation);
    const unknown = names.find((name) => !known.includes(name));
    if (unknown !== undefined) throw unknownApp(unknown, known, config?.file ?? 'this host', 'takes --all');
  }
  if (request.apps === 'all') refuseBlindness(situation, [], command);
  return names.map((name) => {
    const known = apps.get(name) ?? null;
    return { name, known, slot: known?.kernel?.slot ?? known?.stored?.slot ?? null };
  });
}

/** The state before this command, whose own switch may be in force already. */
function stateBefore({ name, known }: OffTarget, isSwitched: boolean, state: StoredState | null): AppState {
  if (isSwitched && wasDiverted(known))
    return state?.apps.find((app) => app.name === name)?.confirm ? 'unconfirmed' : 'on';
  if (isSwitched && wasBypassed(known)) return 'bypassed';
  return appState({ known, proxied: 0, drift: [], ...NOT_ASKED }).state;
}

/** Diverted until our own switch came: its rules are there, and nobody else had switched it off. */
function wasDiverted(known: KnownApp | null): boolean {
  return known?.stored?.desired === 'on' && known.kernel !== null && known.kernel.off.every((by) => by === 'operator');
}

/** Direct for want of its sidecar until our own switch came: nobody had decided that it is off. */
function wasBypassed(known: KnownApp | null): boolean {
  const causes = known?.kernel?.off ?? [];
  return known?.stored?.desired === 'on' && causes.includes('bypass') && !causes.includes('off.sh');
}

function withoutTargets(flows: ProxiedFlows, targets: readonly OffTarget[]): ProxiedFlows {
  const slots = targets.map(({ slot }) => slot);
  return flows?.filter(({ mark }) => !slots.includes(decodeMark(mark)?.slot ?? -1)) ?? null;
}
