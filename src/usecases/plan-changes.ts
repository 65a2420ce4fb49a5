import type { AccountId, AppConfig, ResolvedMeshConfig } from '../config/mesh-config.ts';
import type { Families } from '../intercept/policy.ts';
import { appNames, unknownApp } from './app-names.ts';
import { changesTowards, wantedRulesets } from './apply-rules.ts';
import { buildAppPolicy, buildGuard, freeSlot } from './build-policy.ts';
import { chooseBackend } from './choose-backend.ts';
import type { InterceptHost } from './host.ts';
import { decideLease, type LeaseDecision } from './lease-in-force.ts';
import { listeningFamilies } from './listening.ts';
import type { Backend, TcpSocket } from './ports.ts';
import { readSituation } from './situation.ts';
import type { StoredApp } from './stored-state.ts';
import { isDiverted, policyOfPlan, settledApps, withApps } from './switch-plan.ts';
import type { Warned } from './switch-result.ts';

/** The rules that `weir on` would install, and what that would change. */
export interface PlannedChanges {
  readonly backend: Backend;
  /** Applications that are on in the plan. */
  readonly apps: readonly string[];
  /** The whole text, as nft or iptables-restore takes it. */
  readonly text: string;
  /** The transaction from what is installed to that; '' when nothing differs. */
  readonly changes: string;
}

/** What the operator asked for; no names means every application of mesh.yaml. */
export interface PlanRequest {
  readonly config: ResolvedMeshConfig;
  readonly apps: readonly string[];
  readonly backend: Backend | 'auto';
}

/**
 * Computes what `weir on` of these applications would come to, beside those that are on. Asks no sidecar and changes
 * nothing; another back end than the remembered one may be named, to see its text.
 * @throws WeirError exit 2 (unknown application), 3 (no usable back end)
 */
export async function planChanges(host: InterceptHost, request: PlanRequest): Promise<Warned<PlannedChanges>> {
  const known = appNames(request.config, null);
  for (const name of request.apps)
    if (!request.config.apps.has(name)) throw unknownApp(name, known, request.config.file);
  const situation = await readSituation(host, 'every');
  const named = [...request.config.apps.values()].filter(
    (app) => request.apps.length === 0 || request.apps.includes(app.name),
  );
  const other = request.backend !== 'auto' && situation.backend !== null && request.backend !== situation.backend;
  const backend = await chooseBackend(host, other ? { ...situation, backend: null } : situation, request.backend);
  const [ssh, listeners, network] = await Promise.all([
    host.ssh(),
    host.connections.sockets('listening'),
    host.network(),
  ]);
  const taken = new Set([...situation.apps.values()].flatMap((app) => [app.stored?.slot ?? 0, app.kernel?.slot ?? 0]));
  const nowMs = host.clock.now();
  const planned: StoredApp[] = [];
  for (const app of named) {
    const remembered = situation.apps.get(app.name) ?? null;
    const slot = remembered?.stored?.slot ?? remembered?.kernel?.slot ?? freeSlot(taken);
    taken.add(slot);
    const families = assumedFamilies(request.config, app, listeners, network.hasIpv6);
    planned.push(plannedApp(request.config, app, { slot, families, lease: await decideLease(host, app) }));
  }
  const guard = buildGuard(request.config, ssh, situation.stored?.guard ?? null);
  const apps = withApps(settledApps(situation, nowMs), planned);
  const policy = policyOfPlan({ guard, apps }, true);
  const firewall = host.firewall(backend);
  const installed = situation.installed.get(backend) ?? (await firewall.read());
  const wanted = wantedRulesets(backend, policy, installed);
  const text = firewall.render(changesTowards([], wanted, []));
  const difference = changesTowards(
    installed.rulesets,
    wanted,
    named.map((app) => app.name),
  );
  const changes = difference.length > 0 ? firewall.render(difference) : '';
  return {
    result: { backend, apps: policy.apps.filter(isDiverted).map((app) => app.name), text, changes },
    warnings: [],
  };
}

/** A sidecar that listens nowhere yet is planned for both families. */
function assumedFamilies(
  config: ResolvedMeshConfig,
  app: AppConfig<AccountId>,
  listeners: readonly TcpSocket[],
  hasIpv6: boolean,
): Families {
  const sidecar = config.sidecars.get(app.sidecar);
  const port = app.outbound === null ? sidecar?.inbound : sidecar?.outbound;
  if (port === undefined) return { ipv4: true, ipv6: hasIpv6 };
  const heard = listeningFamilies(listeners, port, app.outbound === null ? 'inbound' : 'outbound');
  return heard.ipv4 || heard.ipv6 ? heard : { ipv4: true, ipv6: hasIpv6 };
}

function plannedApp(
  config: ResolvedMeshConfig,
  app: AppConfig<AccountId>,
  { slot, families, lease }: { readonly slot: number; readonly families: Families; readonly lease: LeaseDecision },
): StoredApp {
  const sidecar = config.sidecars.get(app.sidecar);
  if (sidecar === undefined)
    throw new TypeError(`${app.name}: sidecar ${app.sidecar} passed validation and is not there`);
  return {
    name: app.name,
    slot,
    desired: 'on',
    policy: buildAppPolicy(app, sidecar, { slot, families, acceptsSshRisk: false, leaseSeconds: lease.inForce }),
    sidecar: { name: sidecar.name, admin: sidecar.admin, readyPath: sidecar.readyPath },
    onFailure: app.onFailure,
    leaseSeconds: lease.asked,
    since: '',
    reason: null,
    confirm: null,
    drainUntil: null,
    proven: true,
  };
}
