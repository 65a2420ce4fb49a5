/** Decides which clusters Envoy gets and which service goes to which: pure, from endpoints alone. */
import type { UnitConfig } from '../../mesh/discovery-config.ts';
import type { EnvoyTest } from '../../rules/targets/envoy/envoy-test.ts';
import type { Endpoint } from '../world/endpoints.ts';
import { formatAddress } from '../world/read-address.ts';
import {
  type ClusterMember,
  opaqueAddresses,
  type ReadAddress,
  readableEndpoints,
  type ServiceProfile,
  shapeOf,
} from './app-shape.ts';
import type { ChainName } from './chains.ts';
import { type AllowsService, partition } from './partition.ts';

/** One cluster: the endpoints to which the same services go. */
export interface PlannedCluster {
  readonly name: string;
  /** The chain whose calls it takes; left out: that of Dubbo. */
  readonly chain?: ChainName;
  /** Sorted by address; none: calls fail. */
  readonly members: readonly ClusterMember[];
}

/** A route of a rule: a test (null: every call) and the cluster that takes its calls. */
export interface RuledTarget {
  readonly test: EnvoyTest | null;
  readonly cluster: string;
}

/** What Envoy is to do with calls. */
export interface ClusterPlan {
  readonly clusters: readonly PlannedCluster[];
  /** By `formatServiceKey`, the name of the cluster that takes its calls. */
  readonly services: ReadonlyMap<string, string>;
  /** By `formatServiceKey`, for services with rules: the first route whose test holds decides (`planRules`). */
  readonly ruled?: ReadonlyMap<string, readonly RuledTarget[]>;
  /** Addresses whose connections are read as Dubbo. */
  readonly read: readonly ReadAddress[];
  /** The same for Triple and gRPC; left out where nobody offers them. All other connections pass as they are. */
  readonly http?: Pick<ClusterPlan, 'services' | 'read'>;
}

/**
 * The whole plan at once. Endpoints that Envoy cannot read, that have weight 0, that belong to another closed unit or
 * whose services are not known take no part.
 */
export function planClusters(endpoints: readonly Endpoint[], unit?: UnitConfig, allows?: AllowsService): ClusterPlan {
  const opaque = new Set(opaqueAddresses(endpoints));
  const sorted = endpoints.toSorted((a, b) =>
    a.address < b.address ? -1 : a.address > b.address ? 1 : a.port - b.port,
  );
  const byApp = [...Map.groupBy(sorted, ({ app }) => app)];
  const planOf = (chain: ChainName) => {
    const shapes = byApp.map(([app, own]) => shapeOf(app, own, chain, unit, opaque));
    const { clusters, services } = partition(shapes, allows, chain);
    const planned = [...clusters.values()].map(({ name, profiles }) => ({ name, chain, members: membersOf(profiles) }));
    const read = readableEndpoints(sorted, chain, unit, opaque);
    const byAddress = new Map(read.map(({ address, port }) => [formatAddress(address, port), { address, port }]));
    return { clusters: planned, services, read: [...byAddress.values()] };
  };
  const [{ services, read, clusters }, http] = [planOf('dubbo'), planOf('http')];
  return {
    ...{ services, read, clusters: [...clusters, ...http.clusters] },
    ...(http.read.length === 0 ? {} : { http: { services: http.services, read: http.read } }),
  };
}

/** The members of some groups, each address once, sorted. */
export function membersOf(profiles: readonly ServiceProfile[]): readonly ClusterMember[] {
  const [first] = profiles;
  if (profiles.length === 1 && first !== undefined) return first.members;
  const byAddress = new Map<string, ClusterMember>();
  for (const { members } of profiles)
    for (const one of members) byAddress.set(formatAddress(one.address, one.port), one);
  return [...byAddress].toSorted(([a], [b]) => (a < b ? -1 : 1)).map(([, member]) => member);
}
