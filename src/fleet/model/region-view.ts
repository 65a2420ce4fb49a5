/** What the store of a region holds, read: objects, hosts, rollouts, the leader. Pure. */
import type { StoredItem, StoreListing } from '../ports.ts';
import { nameOfKey, objectOfKey, RegionKeys } from './keys.ts';
import {
  type FleetObject,
  type MeshPolicy,
  OBJECT_KINDS,
  type ObjectKind,
  type SidecarRelease,
} from './object-schemas.ts';
import { readStoredObject, type StoredReading } from './parse-objects.ts';
import {
  type HostRecord,
  type HostStatus,
  hostRecordSchema,
  hostStatusSchema,
  type Leader,
  leaderSchema,
  type Rollout,
  readFleetRecord,
  rolloutSchema,
} from './records.ts';

/** An object with its key's version; `reading` has the object or why it cannot be read. */
export interface StoredObject {
  readonly kind: ObjectKind;
  readonly name: string;
  readonly revision: string;
  readonly text: string;
  readonly reading: StoredReading;
}

/** A host, by its Host and its HostStatus; one of the two may be missing. */
export interface FleetHost {
  /** The name of its keys: its own, but for a second machine that was given a name which another one has. */
  readonly key: string;
  /** The name that it was given, by which it decides. */
  readonly name: string;
  /** Machines that were given the same name; none as a rule. */
  readonly twins: readonly string[];
  readonly labels: Readonly<Record<string, string>>;
  /** Applications that it has, by whatever it said last. */
  readonly apps: readonly string[];
  readonly record: HostRecord | null;
  readonly status: HostStatus['status'] | null;
  /** Why a record of it cannot be read; null when both can. */
  readonly damaged: string | null;
}

/** One region at one revision. */
export interface RegionView {
  readonly name: string;
  readonly revision: string;
  readonly clusterId: string;
  readonly objects: readonly StoredObject[];
  /** By key, in order. */
  readonly hosts: ReadonlyMap<string, FleetHost>;
  readonly rollouts: ReadonlyMap<string, Rollout & { readonly revision: string }>;
  readonly leader: Leader | null;
  /** Records of weir's own that cannot be read: what they say is not known, which is not that they are not there. */
  readonly damaged: readonly { readonly kind: 'Rollout' | 'Leader'; readonly name: string; readonly why: string }[];
}

/** The prefixes that a region's view is made of. */
export function viewPrefixes(keys: RegionKeys): string[] {
  const objects = OBJECT_KINDS.map((kind) => keys.objects(kind));
  return [...objects, keys.hosts, keys.hostStatuses, keys.rollouts, keys.leader];
}

/** Reads a listing of `viewPrefixes`. Never throws. */
export function viewRegion(name: string, listing: StoreListing): RegionView {
  const keys = new RegionKeys(name);
  const objects: StoredObject[] = [];
  const records = new Map<string, StoredItem>();
  const statuses = new Map<string, StoredItem>();
  const rollouts = new Map<string, Rollout & { readonly revision: string }>();
  let leader: Leader | null = null;
  const damaged: RegionView['damaged'][number][] = [];
  for (const item of listing.items) {
    const object = objectOfKey(keys.root, item.key);
    if (object !== null) {
      const reading = readStoredObject(object.kind, object.name, item.value);
      objects.push({ ...object, revision: item.revision, text: item.value, reading });
    } else if (item.key.startsWith(keys.hostStatuses)) statuses.set(nameOfKey(item.key), item);
    else if (item.key.startsWith(keys.hosts)) records.set(nameOfKey(item.key), item);
    else if (item.key.startsWith(keys.rollouts)) {
      const reading = readFleetRecord(rolloutSchema, item.value);
      const own = nameOfKey(item.key);
      if (reading.state === 'read') rollouts.set(own, { ...reading.value, revision: item.revision });
      else damaged.push({ kind: 'Rollout', name: own, why: reading.why });
    } else if (item.key === keys.leader) {
      const reading = readFleetRecord(leaderSchema, item.value);
      if (reading.state === 'read') leader = reading.value;
      else damaged.push({ kind: 'Leader', name, why: reading.why });
    }
  }
  const names = [...new Set([...records.keys(), ...statuses.keys()])].sort();
  const hosts = withTwins(names.map((host) => viewHost(host, records.get(host), statuses.get(host))));
  const { revision, clusterId } = listing;
  return { name, revision, clusterId, objects, hosts, rollouts, leader, damaged };
}

/** Which machines have the same name is said by the one that did not get it. */
function withTwins(hosts: readonly FleetHost[]): ReadonlyMap<string, FleetHost> {
  const second = Map.groupBy(
    hosts.filter(({ key, name }) => key !== name),
    ({ name }) => name,
  );
  return new Map(
    hosts.map((host) => {
      const conflict = host.status?.conflict;
      const twins =
        conflict !== undefined
          ? [conflict.holder?.machine ?? 'another machine']
          : (second.get(host.name) ?? []).map(({ status }) => status?.daemon?.machine ?? 'another machine');
      return [host.key, { ...host, twins }];
    }),
  );
}

function viewHost(key: string, record: StoredItem | undefined, status: StoredItem | undefined): FleetHost {
  const host = record === undefined ? null : readFleetRecord(hostRecordSchema, record.value);
  const state = status === undefined ? null : readFleetRecord(hostStatusSchema, status.value);
  const readHost = host?.state === 'read' ? host.value : null;
  const readState = state?.state === 'read' ? state.value : null;
  const damaged = [host, state].flatMap((one) => (one?.state === 'damaged' ? [one.why] : []))[0] ?? null;
  const apps = readHost?.apps ?? readState?.status.apps.map((app) => app.name) ?? [];
  return {
    ...{ key, name: readState?.status.conflict?.name ?? key, twins: [] },
    labels: readState?.metadata.labels ?? readHost?.metadata.labels ?? {},
    apps,
    record: readHost,
    status: readState?.status ?? null,
    damaged,
  };
}

/** The readable objects of a kind. */
export function objectsOf<K extends ObjectKind>(
  view: Pick<RegionView, 'objects'>,
  kind: K,
): Extract<FleetObject, { kind: K }>[] {
  return view.objects.flatMap(({ reading }) =>
    'object' in reading && isKind(reading.object, kind) ? [reading.object] : [],
  );
}

/** The readable policies. */
export const policiesOf = (view: Pick<RegionView, 'objects'>): MeshPolicy[] => objectsOf(view, 'MeshPolicy');
/** The readable releases. */
export const releasesOf = (view: Pick<RegionView, 'objects'>): SidecarRelease[] => objectsOf(view, 'SidecarRelease');

function isKind<K extends ObjectKind>(object: FleetObject, kind: K): object is Extract<FleetObject, { kind: K }> {
  return object.kind === kind;
}
