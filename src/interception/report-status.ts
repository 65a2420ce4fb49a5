/** The use case of `weir status`. */
import type { AccountId, MeshConfig } from '../mesh/mesh-config.ts';
import { needsProcesses } from '../mesh/selector-kinds.ts';
import type { Readiness } from '../platform/readiness.ts';
import { directSockets, establishedBySlot, readSocketTable, type SocketTable } from './app-connections.ts';
import { appNames, unknownApp } from './app-names.ts';
import { type AppState, appState, isTrial } from './app-state.ts';
import { type AppTrouble, appTroubles } from './app-troubles.ts';
import type { Backend } from './backend.ts';
import type { AppPolicy } from './build-policy.ts';
import { firstChoice } from './choose-backend.ts';
import type { ForeignFirewall } from './detection.ts';
import type { InterceptHost } from './host.ts';
import { type InstalledPolicy, installedPolicy, switchDamage } from './installed-policy.ts';
import type { KnownApp } from './known-apps.ts';
import { listProxied } from './list-flows.ts';
import { blindSpots, isFullLook, lacksOnlyTools, refuseBlindness, refuseElsewhere, unreadRules } from './look.ts';
import type { ManagedSidecar } from './managed-sidecars.ts';
import type { TrackedFlow } from './ports.ts';
import type { Finding } from './rules/findings.ts';
import { endsByItself } from './rules/off-switches.ts';
import type { DivertMode, Families, ResolvedSelector } from './rules/policy.ts';
import { besideSupervisor } from './sidecar-readiness.ts';
import { readSituation, type Situation } from './situation.ts';
import type { StoredApp, StoredGuard, StoredSidecar } from './stored-state.ts';
import { wantedProcesses } from './surroundings/meant-processes.ts';
import type { ProcessFact } from './surroundings/ports.ts';
import { EMPTY_GUARD, leasesOf } from './switch-plan.ts';
import type { Warned } from './switch-result.ts';
import { type Extra, whetherSeen, withinTime } from './within-time.ts';

/** How long an extra may take, in milliseconds: applications are shown without it then. */
const EXTRA_MS = 500;
/** Status must answer quickly, also when a sidecar hangs. */
const READY_TIMEOUT_MS = 700;

/** One application as `weir status` shows it. Times are ISO 8601 in UTC. */
export interface AppStatus {
  readonly name: string;
  readonly desired: 'on' | 'off';
  readonly state: AppState;
  readonly reason: string | null;
  readonly sidecar: string | null;
  readonly mode: DivertMode;
  /** The families of which new connections enter its rules now; under a bypass those that the bypass sends direct. */
  readonly families: Families;
  /** Null: they could not be counted, and `notRead` says why. */
  readonly connections: { readonly proxied: number | null; readonly direct: number | null };
  /** Null without a lease in force. */
  readonly lease: { readonly ttlMs: number; readonly remainingMs: number } | null;
  /** When the kernel ends it by itself; null unless it is unconfirmed, or not proven yet. */
  readonly confirm: { readonly by: string; readonly remainingMs: number } | null;
  readonly drift: readonly string[];
  /** Troubles besides the rules, the one that needs an act first. */
  readonly troubles: readonly AppTrouble[];
  /** The command to run next when anything is wrong; null when nothing is. */
  readonly next: string | null;
  readonly since: string | null;
}

/** One sidecar as `weir status` shows it. */
export interface SeenSidecar {
  readonly name: string;
  /** `unknown`: its admin address answers nobody or could not be asked, and its supervisor did not say how it is. */
  readonly state: ManagedSidecar['state'];
  readonly detail: string | null;
  readonly epoch: number | null;
  readonly pid: number | null;
  readonly version: string | null;
  /** Whether weir runs it. */
  readonly managed: boolean;
}

/** Says in `notRead` that back ends were not looked at: which one is usable is not known then. */
export const UNREAD_BACKENDS = 'usable back ends';

/** All of it. */
export interface StatusReport {
  /** The one in use, else the one that `weir on` would take; null: none is usable, or `UNREAD_BACKENDS` was not read. */
  readonly backend: Backend | null;
  readonly apps: readonly AppStatus[];
  readonly sidecars: readonly SeenSidecar[];
  readonly foreign: readonly ForeignFirewall[];
  /** What could not be read, or was late, with the reason. Its absence proves nothing. */
  readonly notRead: readonly { readonly what: string; readonly why: string }[];
}

/** The operator's request. `config` is null when mesh.yaml is missing or broken; `problem` then says why. */
export interface StatusRequest {
  readonly config: MeshConfig<AccountId> | null;
  readonly apps: readonly string[];
}

/**
 * Reads and reports; changes nothing and takes no lock. The report waits for applications, for extras only a limited
 * time.
 */
export async function reportStatus(host: InterceptHost, request: StatusRequest): Promise<Warned<StatusReport>> {
  const command = `weir status ${request.apps.join(' ')}`.trim();
  const foreignAsked = withinTime(host.foreign(), EXTRA_MS);
  const situation = await readSituation(host, 'possible');
  const unread = unreadRules(situation);
  refuseElsewhere(host, situation, command);
  // Without a tool that is not installed there is still much to say; without a right there is not.
  if (!lacksOnlyTools(situation)) refuseBlindness(situation, request.apps, command);
  const blind = isFullLook(situation) ? null : `whether it is on cannot be told: ${blindSpots(situation).join('; ')}`;
  const known = appNames(request.config, situation);
  for (const name of request.apps)
    if (!known.includes(name)) throw unknownApp(name, known, request.config?.file ?? 'this host');
  const names = request.apps.length > 0 ? request.apps : known;
  const sidecars = knownSidecars(request.config, situation);
  const selectors = [...situation.apps.values()].flatMap(({ stored }) =>
    stored === null ? [] : [stored.policy.select],
  );
  const [listed, asked, leases, bypasses, foreign, choices, managed, processes] = await Promise.all([
    whetherSeen(listProxied(host, situation.apps)),
    askAll(host, sidecars),
    unread === null ? leasesLeft(host, situation) : new Map<string, number>(),
    bypassReasons(host, situation),
    foreignAsked,
    situation.backend === null ? withinTime(host.backends(), EXTRA_MS) : { value: [] },
    withinTime(managedSidecars(host, sidecars, request.config), EXTRA_MS),
    withinTime(readOwnProcesses(host, selectors), EXTRA_MS),
  ]);
  const managedBy = 'value' in managed ? managed.value : null;
  const readiness = new Map(
    [...asked].map(([name, answer]) => [name, besideSupervisor(answer, managedBy?.get(name) ?? null)]),
  );
  const flows = 'value' in listed ? listed.value : null;
  const sockets = await whetherSeen(readSocketTable(host, flows ?? [], selectors.some(needsProcesses)));
  const table = 'value' in sockets ? sockets.value : null;
  const established = flows === null ? null : establishedBySlot(flows);
  const nowMs = host.clock.now();
  const policy = installedPolicy(situation, nowMs);
  const drift = unread === null ? driftByApp(situation, policy) : new Map<string, string[]>();
  const facts = {
    config: request.config,
    listeners: table?.listening ?? null,
    processes: 'value' in processes ? processes.value : null,
    nowMs,
  };
  const apps = names.map((name): AppStatus => {
    const app = situation.apps.get(name) ?? null;
    const stored = app?.stored ?? null;
    const configured = request.config?.apps.get(name);
    const sidecar = stored?.sidecar.name ?? configured?.sidecar ?? null;
    const slot = app?.kernel?.slot ?? stored?.slot ?? 0;
    const proxied = established === null ? null : (established.get(slot) ?? 0);
    const ownDrift = app?.desired === 'on' && stored !== null ? (drift.get(name) ?? []) : [];
    const answer = sidecar === null ? null : (readiness.get(sidecar) ?? null);
    const troubles = app === null || unread !== null ? [] : appTroubles(app, facts);
    const decided = appState({
      known: app,
      blind,
      unread,
      storeProblem: situation.storeProblem,
      proxied,
      drift: ownDrift,
      leaseLeftMs: leases.get(name) ?? null,
      bypassReason: bypasses.get(name) ?? null,
      sidecar: answer,
      deaf: troubles.find(({ kind }) => kind === 'deaf')?.what ?? null,
      areListenersSeen: table !== null,
      isSwitchBroken: app !== null && switchDamage(app, policy).length > 0,
    });
    const seen = {
      name,
      desired: app?.desired ?? 'off',
      ...decided,
      sidecar: answer,
      troubles,
      isTrial: app !== null && isTrial(app),
      isStoreUnread: situation.storeProblem !== null,
    } as const;
    return {
      name,
      desired: app?.desired ?? 'off',
      ...decided,
      sidecar,
      mode: stored?.policy.mode ?? request.config?.sidecars.get(sidecar ?? '')?.mode ?? 'redirect',
      families: decided.state === 'bypassed' ? (app?.kernel?.families ?? NO_FAMILY) : divertedNow(app, leases),
      connections: {
        proxied,
        direct: stored ? directCount(table, flows, stored.policy, situation.stored?.guard ?? EMPTY_GUARD) : 0,
      },
      lease: leaseStatus(stored, leases),
      confirm: confirmOf(app, nowMs),
      drift: ownDrift,
      // A sidecar that is down listens nowhere, which its state says.
      troubles: troubles.filter(
        ({ kind, what }) =>
          what !== decided.reason &&
          (kind !== 'deaf' || answer === null || answer.state === 'ready' || answer.state === 'unknown'),
      ),
      next: nextCommand(seen),
      since: app?.since ?? null,
    };
  });
  const { taken, unsure } = firstChoice('value' in choices ? choices.value : []);
  return {
    result: {
      backend: situation.backend ?? taken,
      apps,
      sidecars: sidecars.map((one) => {
        const answer = readiness.get(one.name);
        if (managedBy !== null) return sidecarStatus(one, managedBy.get(one.name) ?? null, answer);
        return unreadStatus(sidecarStatus(one, null, answer), request.config);
      }),
      foreign: 'value' in foreign ? foreign.value : [],
      notRead: [
        ...(unread === null ? [] : [{ what: 'rules of weir', why: unread }]),
        ...notRead('proxied connections', listed),
        ...notRead('sockets, so direct connections and listeners', sockets),
        ...notRead('other firewalls and meshes', foreign),
        ...notRead(UNREAD_BACKENDS, choices),
        ...unsure.map(({ backend, detail }) => ({ what: UNREAD_BACKENDS, why: `${backend}: ${detail}` })),
        ...notRead('what supervisors say of their sidecars', managed),
        ...notRead('processes of applications', processes),
      ],
    },
    warnings: situation.storeProblem === null ? [] : [situation.storeProblem],
  };
}

const NO_FAMILY: Families = { ipv4: false, ipv6: false };

/** The families that are diverted: by the rules, and not because a lease has lapsed. */
function divertedNow(app: KnownApp | null, leases: ReadonlyMap<string, number>): Families {
  return app === null || leases.get(app.name) === 0 ? NO_FAMILY : app.diverted;
}

function notRead(what: string, extra: Extra<unknown>): StatusReport['notRead'] {
  return 'missing' in extra ? [{ what, why: extra.missing }] : [];
}

/** Null where it cannot be told which sockets are the application's and which of them are proxied. */
function directCount(
  table: SocketTable | null,
  flows: readonly TrackedFlow[] | null,
  policy: AppPolicy,
  guard: StoredGuard,
): number | null {
  if (table === null || flows === null) return null;
  if (policy.select.kind === 'slice' && table.connected.some(({ cgroup }) => cgroup === null)) return null;
  return directSockets(table, policy, guard).length;
}

/** Processes of what is remembered; rejects when they cannot be seen. */
async function readOwnProcesses(
  host: InterceptHost,
  selectors: readonly ResolvedSelector[],
): Promise<readonly ProcessFact[]> {
  const look = await host.surroundings.processes(wantedProcesses(selectors, false));
  if ('unseen' in look) throw new Error(look.unseen);
  return look.seen;
}

/** The next command: `on` repairs rules only where the sidecar could take the traffic, else `off` is the way out. */
function nextCommand(app: {
  readonly name: string;
  readonly desired: 'on' | 'off';
  readonly state: AppState;
  readonly sidecar: Readiness | null;
  readonly troubles: readonly AppTrouble[];
  readonly isTrial: boolean;
  readonly isStoreUnread: boolean;
}): string | null {
  const { name, state } = app;
  const isDown = app.sidecar !== null && app.sidecar.state !== 'ready' && app.sidecar.state !== 'unknown';
  const deaf = app.troubles.find(({ kind }) => kind === 'deaf');
  if (state === 'off' || state === 'draining' || state === 'unknown') return null;
  // Whether `weir on` would take the place of such a state file, its own warning says.
  if (app.isStoreUnread) return `weir off ${name}`;
  if ((isDown && state !== 'bypassed') || deaf !== undefined || state === 'denied') return `weir off ${name}`;
  if (state === 'drifted') return `weir ${app.isTrial ? 'on' : app.desired} ${name}`;
  return app.troubles[0]?.next ?? null;
}

function knownSidecars(config: MeshConfig<AccountId> | null, situation: Situation): StoredSidecar[] {
  const byName = new Map<string, StoredSidecar>();
  for (const app of situation.apps.values()) if (app.stored) byName.set(app.stored.sidecar.name, app.stored.sidecar);
  for (const { name, admin, readyPath } of config?.sidecars.values() ?? [])
    byName.set(name, { name, admin, readyPath });
  return [...byName.values()].sort((a, b) => (a.name < b.name ? -1 : 1));
}

async function askAll(host: InterceptHost, sidecars: readonly StoredSidecar[]): Promise<Map<string, Readiness>> {
  const asked = sidecars.map(
    async (one): Promise<[string, Readiness]> => [
      one.name,
      await host.askReadiness(one.admin, one.readyPath, READY_TIMEOUT_MS),
    ],
  );
  return new Map(await Promise.all(asked));
}

/** Judged by the answers; for its own sidecars weir knows more than readiness shows. */
function sidecarStatus(one: StoredSidecar, managed: ManagedSidecar | null, answer: Readiness | undefined): SeenSidecar {
  const states = {
    ready: 'live',
    'not-ready': 'failed',
    dead: 'stopped',
    frozen: 'frozen',
    unknown: 'unknown',
  } as const;
  const seen = answer === undefined ? 'stopped' : states[answer.state];
  const detail = answer === undefined || answer.state === 'ready' ? null : answer.detail;
  if (managed === null) {
    return { name: one.name, state: seen, detail, epoch: null, pid: null, version: null, managed: false };
  }
  const { epoch, pid, version } = managed;
  // A supervisor detects within its own interval that its sidecar stopped answering.
  const state = managed.state === 'live' && seen === 'frozen' ? 'frozen' : managed.state;
  return { name: one.name, state, detail: detail ?? managed.detail, epoch, pid, version, managed: true };
}

/**
 * An aborted upgrade may have left its admin address to nobody while the former Envoy serves: a refused connection says
 * nothing about a sidecar that weir runs.
 */
function unreadStatus(seen: SeenSidecar, config: MeshConfig<AccountId> | null): SeenSidecar {
  const isRun = config?.sidecars.get(seen.name)?.process !== undefined;
  if (!isRun || seen.state !== 'stopped') return { ...seen, managed: isRun };
  return { ...seen, state: 'unknown', detail: `${seen.detail}; its supervisor has not said in time`, managed: true };
}

async function managedSidecars(
  host: InterceptHost,
  sidecars: readonly StoredSidecar[],
  config: MeshConfig<AccountId> | null,
): Promise<ReadonlyMap<string, ManagedSidecar | null>> {
  const asked = sidecars.map(
    async ({ name }): Promise<[string, ManagedSidecar | null]> => [
      name,
      await host.sidecarStatus(name, config?.sidecars.get(name) ?? null),
    ],
  );
  return new Map(await Promise.all(asked));
}

/** Milliseconds that leases have left, of the applications that are on or tried out under one. */
async function leasesLeft(host: InterceptHost, { backend, apps }: Situation): Promise<ReadonlyMap<string, number>> {
  const diverted = [...apps.values()].flatMap((app) =>
    app.stored !== null && (app.desired === 'on' || isTrial(app)) ? [app.stored] : [],
  );
  const leases = leasesOf(diverted);
  return backend === null || leases.length === 0 ? new Map() : host.firewall(backend).remainingLeases(leases);
}

function leaseStatus(stored: StoredApp | null, left: ReadonlyMap<string, number>): AppStatus['lease'] {
  const seconds = stored?.policy.leaseSeconds ?? null;
  const remainingMs = stored === null ? undefined : left.get(stored.name);
  return seconds === null || remainingMs === undefined ? null : { ttlMs: seconds * 1000, remainingMs };
}

/** Why supervisors sent applications direct, from the event log, which is read only when one is. */
async function bypassReasons(host: InterceptHost, { apps }: Situation): Promise<ReadonlyMap<string, string>> {
  const isBypassed = [...apps.values()].some(({ kernel }) => kernel?.off.includes('bypass'));
  if (!isBypassed) return new Map();
  const entries = (await host.readJournal()).filter(({ to, by }) => to === 'bypassed' && by.startsWith('supervisor'));
  return new Map(entries.flatMap(({ app, reason }): [string, string][] => (reason === null ? [] : [[app, reason]])));
}

/** Differences by the application they concern; those that concern all are listed with each. */
function driftByApp(situation: Situation, policy: InstalledPolicy | null): Map<string, string[]> {
  const drift = new Map<string, string[]>();
  if (policy === null) return drift;
  const shared: string[] = [];
  for (const finding of policy.findings) {
    if (finding.app === null) shared.push(driftLine(finding));
    else drift.set(finding.app, [...(drift.get(finding.app) ?? []), driftLine(finding)]);
  }
  if (shared.length > 0) {
    for (const name of situation.apps.keys()) drift.set(name, [...(drift.get(name) ?? []), ...shared]);
  }
  return drift;
}

function driftLine(finding: Finding): string {
  return `${finding.where}: ${finding.what}`;
}

function confirmOf(app: KnownApp | null, nowMs: number): AppStatus['confirm'] {
  if (app !== null && isTrial(app)) {
    const leftMs = app.kernel?.expiresMs ?? (app.kernel?.epochSeconds ?? 0) * 1000 - nowMs;
    return { by: new Date(nowMs + leftMs).toISOString(), remainingMs: leftMs };
  }
  const confirm = app?.stored?.confirm;
  if (!confirm || app?.desired !== 'on') return null;
  // A `confirm` that was killed may have taken the deadline out of some rules.
  if (app.kernel !== null && !endsByItself(app.kernel)) return null;
  return { by: confirm.by, remainingMs: app.kernel?.expiresMs ?? Math.max(0, Date.parse(confirm.by) - nowMs) };
}
