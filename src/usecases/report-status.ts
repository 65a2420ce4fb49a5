import type { AccountId, MeshConfig, SidecarConfig } from '../config/mesh-config.ts';
import type { Finding } from '../intercept/findings.ts';
import type { Families } from '../intercept/policy.ts';
import { directSockets, establishedFlows, readSocketTable } from './app-connections.ts';
import { appNames, unknownApp } from './app-names.ts';
import { type AppState, appState } from './app-state.ts';
import type { ForeignFirewall } from './detection.ts';
import type { InterceptHost } from './host.ts';
import { installedPolicy } from './installed-policy.ts';
import type { KnownApp } from './known-apps.ts';
import type { Backend, Readiness } from './ports.ts';
import { readSituation, type Situation } from './situation.ts';
import type { StoredSidecar } from './stored-state.ts';
import { EMPTY_GUARD } from './switch-plan.ts';
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
  readonly state: 'live' | 'stopped' | 'failed' | 'frozen';
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
  const [foreign, flows, readiness, choices] = await Promise.all([
    host.foreign(),
    host.connections.tracked(),
    askAll(host, sidecars),
    host.backends(),
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
      lease: null,
      confirm: confirmOf(app, host.clock.now()),
      drift: ownDrift,
      since: stored?.since ?? null,
    };
  });
  const backend = situation.backend ?? choices.find((choice) => choice.usable)?.backend ?? null;
  return {
    result: { backend, apps, sidecars: sidecars.map((one) => sidecarStatus(one, request.config, readiness)), foreign },
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

function sidecarStatus(
  one: StoredSidecar,
  config: MeshConfig<AccountId> | null,
  readiness: ReadonlyMap<string, Readiness>,
): SidecarStatus {
  const answer = readiness.get(one.name);
  const configured: SidecarConfig<AccountId> | undefined = config?.sidecars.get(one.name);
  const states = { ready: 'live', 'not-ready': 'failed', dead: 'stopped', frozen: 'frozen' } as const;
  const state = answer === undefined ? 'stopped' : states[answer.state];
  const detail = answer === undefined || answer.state === 'ready' ? null : answer.detail;
  return {
    name: one.name,
    state,
    detail,
    epoch: null,
    pid: null,
    version: null,
    managed: configured?.process !== undefined,
  };
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
