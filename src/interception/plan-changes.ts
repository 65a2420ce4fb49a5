/** The use case of `weir plan`: the rules of `on` as text. */
import type { ResolvedMeshConfig } from '../mesh/mesh-config.ts';
import { appNames, unknownApp } from './app-names.ts';
import { changesTowards, wantedRulesets } from './apply-rules.ts';
import type { Backend } from './backend.ts';
import { buildStoredApp, configuredApp, slotGiver } from './build-app.ts';
import { buildGuard } from './build-policy.ts';
import { chooseBackend } from './choose-backend.ts';
import type { InterceptHost } from './host.ts';
import { decideLease } from './lease-in-force.ts';
import { sidecarFamilies } from './listening.ts';
import { refuseElsewhere } from './look.ts';
import { refuseTransparentIptables } from './refuse-transparent-iptables.ts';
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

/** The operator's request; no names means every application of mesh.yaml. */
export interface PlanRequest {
  readonly config: ResolvedMeshConfig;
  readonly apps: readonly string[];
  readonly backend: Backend | 'auto';
}

/**
 * Computes the rules that `weir on` would add to those already in force. Asks no sidecar and changes nothing: a sidecar
 * without a listener is planned for all families. Another back end than the remembered one may be named, to see its
 * text.
 * @throws WeirError exit 2 (unknown application), 3 (no usable back end)
 */
export async function planChanges(host: InterceptHost, request: PlanRequest): Promise<Warned<PlannedChanges>> {
  const known = appNames(request.config, null);
  for (const name of request.apps)
    if (!request.config.apps.has(name)) throw unknownApp(name, known, request.config.file);
  const situation = await readSituation(host, 'every');
  refuseElsewhere(host, situation, `weir plan ${request.apps.join(' ')}`.trim());
  const named = [...request.config.apps.values()].filter(
    (app) => request.apps.length === 0 || request.apps.includes(app.name),
  );
  const other = request.backend !== 'auto' && situation.backend !== null && request.backend !== situation.backend;
  const backend = await chooseBackend(host, other ? { ...situation, backend: null } : situation, request.backend);
  refuseTransparentIptables(
    backend,
    named.map(({ name }) => configuredApp(request.config, name)),
  );
  const [ssh, listeners, network] = await Promise.all([
    host.ssh(),
    host.connections.sockets('listening'),
    host.network(),
  ]);
  const slotOf = slotGiver(situation);
  const nowMs = host.clock.now();
  const planned: StoredApp[] = [];
  for (const { name } of named) {
    const one = configuredApp(request.config, name);
    const heard = sidecarFamilies(one, listeners);
    const families = heard.ipv4 || heard.ipv6 ? heard : { ipv4: true, ipv6: network.hasIpv6 };
    const lease = await decideLease(host, one.app);
    const decision = { slot: slotOf(name), families, lease, acceptsSshRisk: false };
    planned.push(buildStoredApp(one, { ...decision, since: '', confirm: null, proven: true }));
  }
  const guard = buildGuard(request.config, ssh, situation.stored?.guard ?? null);
  const apps = withApps(settledApps(situation, nowMs), planned);
  const policy = policyOfPlan({ guard, apps }, true);
  const firewall = host.firewall(backend);
  const installed = situation.installed.get(backend) ?? (await firewall.read());
  const wanted = wantedRulesets(backend, policy, installed);
  const isMarking = policy.apps.some((app) => app.mode === 'tproxy');
  const families = ([4, 6] as const).filter((family) => family === 4 || network.hasIpv6);
  const routed = isMarking ? (await host.markRoutes.read()).whole : families;
  const routes = isMarking ? host.markRoutes.render(families) : '';
  const text = routes + firewall.render(changesTowards([], wanted, []));
  const difference = changesTowards(
    installed.rulesets,
    wanted,
    named.map((app) => app.name),
  );
  const missing = host.markRoutes.render(families.filter((family) => !routed.includes(family)));
  const changes = missing + (difference.length > 0 ? firewall.render(difference) : '');
  return {
    result: { backend, apps: policy.apps.filter(isDiverted).map((app) => app.name), text, changes },
    warnings: [],
  };
}
