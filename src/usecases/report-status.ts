import type { AccountId, MeshConfig } from '../config/mesh-config.ts';
import type { Finding } from '../intercept/findings.ts';
import type { Families } from '../intercept/policy.ts';
import type { SidecarStatus as ManagedSidecar } from '../upgrade/upgrade-report.ts';
import { directSockets, establishedFlows, readSocketTable } from './app-connections.ts';
import { appNames, unknownApp } from './app-names.ts';
import { type AppState, appState } from './app-state.ts';
import type { ForeignFirewall } from './detection.ts';
import type { InterceptHost } from './host.ts';
import { installedPolicy } from './installed-policy.ts';
import type { KnownApp } from './known-apps.ts';
import type { Backend, Readiness } from './ports.ts';

import { readSituation, type Situation } from './situation.ts';
import type { StoredApp, StoredSidecar } from './stored-state.ts';
import { EMPTY_GUARD, leasesOf } from './switch-plan.ts';
import type { Warned } from './switch-result.ts';

/** Status must answer quickly, also when a sidecar hangs. */
const READY_TIMEOUT_MS = 700;

/** One application as `weir status` shows it. Times are ISO 8601 in UTC. */
export interface AppStatus {
  readonly name: string;
  readonly desired: 'on' | 'off';
  readonly state: AppState;
  readonly reason: string | null;
  readonly sidecar: string | null;
  readonly mode: 'redirect';
  readonly families: Families;
  readonly connections: { readonly proxied: number; readonly direct: number };
  /** Null without a lease in force. */
  readonly lease: { readonly ttlMs: number; readonly remainingMs: number } | null;
  /** Null unless unconfirmed. */
  readonly confirm: { readonly by: string; readonly remainingMs: number } | null;
  readonly drift: readonly string[];
  readonly since: string | null;
}

/** One sidecar as `weir status` shows it. */
export interface SidecarStatus {
  readonly name: string;
  readonly state: ManagedSidecar['state'];
  readonly detail: string | null;
  readonly epoch: number | null;
  readonly pid: number | null;
  readonly version: string | null;
  /** Whether weir runs it. */
  readonly managed: boolean;
}

/** All of it. */
export interface StatusReport {
  readonly backend: Backend | null;
  readonly apps: readonly AppStatus[];
  readonly sidecars: readonly SidecarStatus[];
  readonly foreign: readonly ForeignFirewall[];
}

/** What the operator asked for. `config` is null when mesh.yaml is missing or broken, which `problem` then says. */
export interface StatusRequest {
  readonly config: MeshConfig<AccountId> | null;
  readonly apps: readonly string[];
}

/** Looks and reports; changes nothing and takes no lock. */
export async function reportStatus(host: InterceptHost, request: StatusRequest): Promise<Warned<StatusReport>> {
  const situation = await readSituation(host, 'every');
  const known = appNames(request.config, situation);
  for (const name of request.apps)
    if (!known.includes(name)) throw unknownApp(name, known, request.config?.file ?? 'this host');
  const names = request.apps.length > 0 ? request.apps : known;
  const sidecars = knownSidecars(request.config, situation);
  const warnings: string[] = situation.storeProblem === null ? [] : [situation.storeProblem];
  const [foreign, flows, readiness, choices, managed, leases, bypasses] = await Promise.all([
    host.foreign(),
    host.connections.tracked(),
    askAll(host, sidecars),
    host.backends(),
    managedSidecars(host, sidecars, request.config),
    leasesLeft(host, situation),
    bypassReasons(host, situation),
  ]);
  const withGroups = [...situation.apps.values()].some((app) => app.stored?.policy.select.kind === 'group');
  const table = await readSocketTable(host, flows, withGroups);
  const drift = driftByApp(situation, host.clock.now());
  const apps = names.map((name): AppStatus => {
    const app = situation.apps.get(name) ?? null;
    const stored = app?.stored ?? null;
    const configured = request.config?.apps.get(name);
    const sidecar = stored?.sidecar.name ?? configured?.sidecar ?? null;
    const slot = app?.kernel?.slot ?? stored?.slot ?? 0;
    const proxied = establishedFlows(flows, slot).length;
    const ownDrift = app?.desired === 'on' ? (drift.get(name) ?? []) : [];
    const decided = appState({
      known: app,
      proxied,
      drift: ownDrift,
      leaseLeftMs: leases.get(name) ?? null,
      bypassReason: bypasses.get(name) ?? null,
      sidecar: sidecar === null ? null : (readiness.get(sidecar) ?? null),
    });
    const on = app?.desired === 'on' && app.kernel !== null;
    return {
      name,
      desired: app?.desired ?? 'off',
      ...decided,
      sidecar,
      mode: 'redirect',
      families: on && stored ? stored.policy.families : { ipv4: false, ipv6: false },
      connections: {
        proxied,
        direct: stored ? directSockets(table, stored.policy, situation.stored?.guard ?? EMPTY_GUARD).length : 0,
      },
      lease: leaseStatus(stored, leases),
      confirm: confirmOf(app, host.clock.now()),
      drift: ownDrift,
      since: stored?.since ?? null,
    };
  });
  const backend = situation.backend ?? choices.find((choice) => choice.usable)?.backend ?? null;
  return {
    result: {
      backend,
      apps,
      sidecars: sidecars.map((one) => sidecarStatus(one, managed.get(one.name) ?? null, readiness.get(one.name))),
      foreign,
    },
    warnings,
  };
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

/** By what answers; what weir runs itself is known better than its readiness tells. */
function sidecarStatus(
  one: StoredSidecar,
  managed: ManagedSidecar | null,
  answer: Readiness | undefined,
): SidecarStatus {
  const states = { ready: 'live', 'not-ready': 'failed', dead: 'stopped', frozen: 'frozen' } as const;
  const seen = answer === undefined ? 'stopped' : states[answer.state];
  const detail = answer === undefined || answer.state === 'ready' ? null : answer.detail;
  if (managed === null) {
    return { name: one.name, state: seen, detail, epoch: null, pid: null, version: null, managed: false };
  }
  const { epoch, pid, version } = managed;
  // A supervisor notices within its own time that nobody answers any more.
  const state = managed.state === 'live' && seen === 'frozen' ? 'frozen' : managed.state;
  return { name: one.name, state, detail, epoch, pid, version, managed: true };
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

/** Milliseconds that leases have left, of the applications that are on and diverted under one. */
async function leasesLeft(host: InterceptHost, { backend, apps }: Situation): Promise<ReadonlyMap<string, number>> {
  const on = [...apps.values()].flatMap(({ stored, desired }) => (stored !== null && desired === 'on' ? [stored] : []));
  const leases = leasesOf(on);
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
function driftByApp(situation: Situation, nowMs: number): Map<string, string[]> {
  const policy = installedPolicy(situation, nowMs);
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
  const confirm = app?.stored?.confirm;
  if (!confirm || app?.desired !== 'on') return null;
  return { by: confirm.by, remainingMs: app.kernel?.expiresMs ?? Math.max(0, Date.parse(confirm.by) - nowMs) };
}
