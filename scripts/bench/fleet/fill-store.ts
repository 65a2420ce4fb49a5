/** Fills a region's store with hosts that say that they are well, and some that are not: for benches and pictures. */
import { RegionKeys } from '../../../src/fleet/model/keys.ts';
import type { HostRecord, HostStatus } from '../../../src/fleet/model/records.ts';
import type { FleetStore } from '../../../src/fleet/ports.ts';

/** A transaction of etcd has room for 128 changes, and a host takes two. */
const HOSTS_A_WRITE = 60;
/** Applications of a host. */
const APPS_A_HOST = 4;

/** What a region is filled with. */
export interface FilledRegion {
  readonly region: string;
  readonly hosts: number;
  readonly apps: number;
  /** Every so many hosts one is silent, and the next one overridden. 0: none. */
  readonly wrongEvery: number;
  /** The lease of each HostStatus, in ms; none if omitted. */
  readonly leaseMs?: number;
}

/** Writes the records, and a policy that wants every application on. */
export async function fillStore(
  store: FleetStore,
  { region, hosts, apps, wrongEvery, leaseMs }: FilledRegion,
): Promise<void> {
  const keys = new RegionKeys(region);
  const policy = (app: string) => ({
    ...{ apiVersion: 'weir.dev/v1', kind: 'MeshPolicy', metadata: { name: app } },
    spec: { apps: [app], priority: 0, rules: [{ state: 'on' }] },
  });
  await store.write(
    [],
    Array.from({ length: apps }, (_, index) => ({
      key: keys.object('MeshPolicy', appName(index)),
      value: JSON.stringify(policy(appName(index))),
    })),
  );
  const { revision, clusterId } = await store.list([keys.leader]);
  const seen = { clusterId, revision: Number(revision) };
  for (let first = 0; first < hosts; first += HOSTS_A_WRITE) {
    const indices = Array.from({ length: Math.min(HOSTS_A_WRITE, hosts - first) }, (_, index) => first + index);
    const leases = await Promise.all(
      indices.map(async () => (leaseMs === undefined ? {} : { lease: await store.grant(leaseMs) })),
    );
    await store.write(
      [],
      indices.flatMap((index, at) => {
        const name = `${region}-host-${String(index + 1).padStart(5, '0')}`;
        const isSilent = wrongEvery > 0 && index % wrongEvery === wrongEvery - 1;
        const isOverridden = wrongEvery > 0 && index % wrongEvery === 0 && index > 0;
        const { record, status } = hostOf(name, region, index, { apps, seen, isOverridden });
        const api = { apiVersion: 'weir.dev/v1' };
        return [
          { key: `${keys.hosts}${name}`, value: JSON.stringify({ ...api, ...record }) },
          ...(isSilent
            ? []
            : [{ key: `${keys.hostStatuses}${name}`, value: JSON.stringify({ ...api, ...status }), ...leases[at] }]),
        ];
      }),
    );
  }
}

function appName(index: number): string {
  return `app-${String(index + 1).padStart(2, '0')}`;
}

function hostOf(
  name: string,
  region: string,
  index: number,
  world: { readonly apps: number; readonly seen: HostStatus['status']['seen']; readonly isOverridden: boolean },
): { readonly record: HostRecord; readonly status: HostStatus } {
  const own = Array.from({ length: Math.min(APPS_A_HOST, world.apps) }, (_, at) =>
    appName((index * 7 + at * 3) % world.apps),
  );
  const metadata = { name, region, labels: { unit: `u${1 + (index % 4)}` } };
  const at = new Date().toISOString();
  const overridden = world.isOverridden ? own.slice(0, 1) : [];
  const sidecar = {
    name: 'main',
    state: 'live',
    version: '1.39.3',
    release: null,
    wave: null,
    outcome: null,
    error: null,
  };
  return {
    record: { kind: 'Host', metadata, apps: own, lastSeen: at, stopped: null },
    status: {
      ...{ kind: 'HostStatus', metadata },
      status: {
        ...{ at, weir: '0.1.0', seen: world.seen, held: null, sidecars: [sidecar], errors: [] },
        overrides: overridden.map((app) => ({ app, state: 'off', since: at, by: 'root', reason: 'local trouble' })),
        apps: own.map((app) => {
          const isOff = overridden.includes(app);
          const reason = isOff ? 'override: local trouble' : null;
          return {
            name: app,
            desired: 'on',
            state: isOff ? 'off' : 'on',
            reason,
            policy: `MeshPolicy/${app}`,
            since: at,
          };
        }),
      },
    },
  };
}
