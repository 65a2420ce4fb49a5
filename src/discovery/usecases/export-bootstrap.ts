/** Writes what Envoy needs into one file, from which it starts without an agent. */
import { WeirError } from '../../errors/weir-error.ts';
import type { SidecarConfig } from '../../mesh/mesh-config.ts';
import type { RegistryReader, RulesReader } from '../ports.ts';
import { consumedBy } from '../registry/wanted.ts';
import { type ClusterPlan, planClusters } from '../resources/plan-clusters.ts';
import { planRules } from '../resources/plan-rules.ts';
import { isRuled, type RuledCaller, sidecarRules } from '../resources/sidecar-rules.ts';
import { staticBootstrap } from '../resources/static-bootstrap.ts';
import { unitView } from '../resources/unit-view.ts';
import { type Endpoint, endpointsOf } from '../world/endpoints.ts';
import type { DiscoveryMesh } from './discovery-mesh.ts';
import { appsIn, readWorld } from './list-endpoints.ts';
import { ruledCallers } from './ruled-callers.ts';

/** What is exported. */
export interface ExportRequest {
  readonly sidecar: string | null;
  readonly ipv6: boolean;
}

/** A bootstrap and what is in it. */
export interface ExportedBootstrap {
  readonly bootstrap: object;
  readonly sidecar: string;
  readonly clusters: number;
  readonly endpoints: number;
  /** Files of rules that cannot be read: the calls of their scripts keep the address that consumers picked. */
  readonly unreadRules: readonly { readonly file: string; readonly why: string }[];
  /** Addresses that pass as they are, with the reason. */
  readonly straight: readonly { readonly app: string; readonly address: string; readonly reason: string }[];
}

/**
 * Reads the registries once and makes the bootstrap of a sidecar for what its applications consume.
 * Throws WEIR6002 (exit 3) when a registry cannot be read, WEIR6003 and WEIR6021 (exit 2) when no sidecar is meant or a
 * folder of rules cannot be read.
 */
export async function exportBootstrap(
  mesh: DiscoveryMesh,
  { sidecar: named, ipv6 }: ExportRequest,
  reader: RegistryReader,
  rules: RulesReader,
): Promise<ExportedBootstrap> {
  const { sidecar, outbound } = chooseSidecar(mesh, named);
  const apps = new Map([...mesh.apps].filter(([, app]) => app.sidecar === sidecar.name));
  const wanted = consumedBy({ apps });
  const world = await readWorld(mesh, wanted, reader);
  const consumed = appsIn(world, wanted);
  const { unit, health } = mesh.discovery;
  const all = [...consumed].flatMap((app) => endpointsOf(world, app, unit?.label ?? null));
  const endpoints = unitView(all, unit);
  const bare = planClusters(endpoints, unit);
  const { callers, faults } = await ruledCallers(apps.values(), rules);
  const plan = unruledHttp(
    planRules(bare, sidecarRules(endpoints, bare.services.keys(), callers, unit)),
    endpoints,
    callers,
  );
  return {
    bootstrap: staticBootstrap(sidecar, outbound, plan, ipv6, { spillPercent: unit?.spillPercent, health }),
    sidecar: sidecar.name,
    clusters: plan.clusters.length,
    endpoints: plan.clusters.reduce((sum, { members }) => sum + members.length, 0),
    unreadRules: faults,
    straight: endpoints.flatMap(({ app, address, port, straight }) =>
      straight === null ? [] : [{ app, address: `${address}:${port}`, reason: straight }],
    ),
  };
}

/** Services that a rule is about keep the address of a call that comes as HTTP. */
function unruledHttp(plan: ClusterPlan, endpoints: readonly Endpoint[], callers: readonly RuledCaller[]): ClusterPlan {
  if (plan.http === undefined) return plan;
  const appsOf = (key: string) => [
    ...new Set(endpoints.flatMap(({ app, services }) => (services?.has(key) ? [app] : []))),
  ];
  const services = [...plan.http.services].filter(([key]) => !isRuled(key, appsOf(key), callers));
  return { ...plan, http: { ...plan.http, services: new Map(services) } };
}

function chooseSidecar(
  { apps, sidecars }: Pick<DiscoveryMesh, 'apps' | 'sidecars'>,
  named: string | null,
): { readonly sidecar: SidecarConfig; readonly outbound: number } {
  const consuming = [
    ...new Set([...apps.values()].flatMap((app) => (app.consumes === undefined ? [] : [app.sidecar]))),
  ];
  const name = named ?? (consuming.length === 1 ? consuming[0] : undefined);
  const sidecar = name === undefined ? undefined : sidecars.get(name);
  if (sidecar?.outbound !== undefined) return { sidecar, outbound: sidecar.outbound };
  const list = [...sidecars.keys()].join(', ');
  throw new WeirError('WEIR6003', {
    what: name === undefined ? 'no sidecar is named' : `the sidecar ${name} cannot be exported`,
    why:
      name === undefined
        ? `${consuming.length} sidecars have applications that consume something`
        : `mesh.yaml has ${sidecar === undefined ? 'no such sidecar' : 'no outbound port for it'}`,
    hint: `name one of ${list} by --sidecar`,
  });
}
