/** Divides services into clusters: all services that exactly the same groups of instances offer share one. */
import { parseServiceKey } from '../world/service-key.ts';
import { type AppShape, type ServiceProfile, shortHash } from './app-shape.ts';
import type { ChainName } from './chains.ts';

/** One cluster: the instances of some groups, for some services. */
export interface ServiceCluster {
  /** Its applications and a hash of its services. It does not change when instances join or leave. */
  readonly name: string;
  readonly profiles: readonly ServiceProfile[];
}

/** Which service goes to which cluster. */
export interface Partition {
  readonly clusters: ReadonlyMap<string, ServiceCluster>;
  /** By `formatServiceKey`, the name of the cluster. */
  readonly services: ReadonlyMap<string, string>;
}

/** Whether calls of a service may go to an application: what the sidecar's applications consume. */
export type AllowsService = (app: string, service: string) => boolean;

/**
 * A service goes only to instances whose revision offers it. An application that is not being released has one cluster,
 * however many interfaces it offers; a release of a new interface has two while it lasts.
 */
export function partition(
  shapes: Iterable<AppShape>,
  allows: AllowsService = () => true,
  chain: ChainName = 'dubbo',
): Partition {
  const profilesOf = new Map<string, ServiceProfile[]>();
  for (const { app, profiles } of shapes) {
    for (const profile of profiles) {
      for (const service of profile.services) {
        if (!isRoutable(service) || !allows(app, service)) continue;
        const known = profilesOf.get(service);
        if (known === undefined) profilesOf.set(service, [profile]);
        else known.push(profile);
      }
    }
  }
  const groups = new Map<string, { readonly profiles: readonly ServiceProfile[]; readonly services: string[] }>();
  for (const [service, profiles] of [...profilesOf].toSorted(([a], [b]) => (a < b ? -1 : 1))) {
    const key = profiles
      .map(({ id }) => id)
      .toSorted()
      .join(' ');
    const group = groups.get(key) ?? { profiles, services: [] };
    groups.set(key, group);
    group.services.push(service);
  }
  const clusters = new Map<string, ServiceCluster>();
  const services = new Map<string, string>();
  for (const { profiles, services: names } of groups.values()) {
    const apps = [...new Set(profiles.map(({ app }) => app))].toSorted().join('+');
    const name = `${apps}|${shortHash(names.join('\n')).slice(0, 8)}${chain === 'dubbo' ? '' : `|${chain}`}`;
    clusters.set(name, { name, profiles });
    for (const service of names) services.set(service, name);
  }
  return { clusters, services };
}

/** Names of Java interfaces. To Envoy `*` and `com.*` are patterns: a service of that name would catch calls of all others. */
const INTERFACE_NAME = /^[\p{L}\p{N}_$.]{1,512}$/u;
const routable = new Map<string, boolean>();

function isRoutable(service: string): boolean {
  const known = routable.get(service);
  if (known !== undefined) return known;
  if (routable.size > 10_000) routable.clear();
  const answer = INTERFACE_NAME.test(parseServiceKey(service).interface);
  routable.set(service, answer);
  return answer;
}

/** What decides a partition, as a text: members are no part of it. */
export function profilesText(shape: AppShape): string {
  return shape.profiles
    .map(({ id }) => id)
    .toSorted()
    .join(' ');
}
