/** The keys of a region as objects of a cluster, and back. Pure. */
import { FLEET_API_VERSION } from './object-schemas.ts';

/** Fields that an object has whatever its kind. */
export interface ClusterObject {
  readonly metadata: {
    readonly name: string;
    readonly resourceVersion?: string;
    readonly labels?: Readonly<Record<string, string>>;
    readonly annotations?: Readonly<Record<string, string>>;
  };
  readonly [field: string]: unknown;
}

/** One folder of keys. */
export interface ClusterFolder {
  /** Below the root of the region; for a single key its whole name. */
  readonly folder: string;
  readonly plural: string;
  readonly kind: string;
  /** The state of a release is a part of its object. */
  readonly isStatus?: true;
  /** Writes with a lease are hidden when it has ended. */
  readonly isLeased?: true;
  /** The object without its metadata, from the value of the key. */
  toFields(value: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>>;
  /** The value of the key; null when the object does not hold one. */
  toValue(object: ClusterObject, region: string): unknown;
}

/** An annotation: the entry of history that belongs to the last change, written with it at once. */
export const CHANGE_ANNOTATION = 'weir.dev/change';
/** The same in the status of a release, where annotations cannot be written. */
export const CHANGE_FIELD = 'lastChange';
/** Parts of a release's status that are no part of its rollout. */
export const STATUS_OWN = ['conditions', CHANGE_FIELD] as const;
/** A label of everything that weir makes in a cluster. */
export const MANAGED_LABEL = 'app.kubernetes.io/managed-by';

const api = { apiVersion: FLEET_API_VERSION };

function written(kind: string, plural: string): ClusterFolder {
  return {
    ...{ folder: `${plural}/`, plural, kind },
    toFields: ({ spec }) => ({ spec }),
    toValue: ({ metadata: { name, labels }, spec }) => ({
      ...{ ...api, kind, metadata: { name, ...(Object.keys(labels ?? {}).length > 0 && { labels }) }, spec },
    }),
  };
}

/** All folders of a region, by their place below its root. */
export const CLUSTER_FOLDERS: readonly ClusterFolder[] = [
  written('MeshPolicy', 'meshpolicies'),
  written('SidecarRelease', 'sidecarreleases'),
  written('Gateway', 'gateways'),
  {
    ...{ folder: 'rollouts/', plural: 'sidecarreleases', kind: 'SidecarRelease', isStatus: true },
    toFields: (status) => ({ status }),
    toValue: ({ status }) => {
      const record = { ...(status as Record<string, unknown> | undefined) };
      for (const own of STATUS_OWN) delete record[own];
      return record.state === undefined ? null : record;
    },
  },
  {
    ...{ folder: 'hosts/', plural: 'hosts', kind: 'Host' },
    toFields: ({ metadata, apps, lastSeen, stopped, pod }) => ({
      ...{ labels: labelsOf(metadata), apps, lastSeen, stopped },
      ...(pod !== undefined && { pod }),
    }),
    toValue: ({ metadata: { name }, labels, apps, lastSeen, stopped, pod }, region) => ({
      ...{ ...api, kind: 'Host', metadata: { name, region, labels: labels ?? {} }, apps, lastSeen },
      stopped: stopped ?? null,
      ...(pod !== undefined && { pod }),
    }),
  },
  {
    ...{ folder: 'hoststatuses/', plural: 'hoststatuses', kind: 'HostStatus', isLeased: true },
    toFields: ({ metadata, status }) => ({ labels: labelsOf(metadata), status }),
    toValue: ({ metadata: { name }, labels, status }, region) => ({
      ...{ ...api, kind: 'HostStatus', metadata: { name, region, labels: labels ?? {} }, status },
    }),
  },
  {
    ...{ folder: 'history/', plural: 'historyentries', kind: 'HistoryEntry' },
    toFields: (entry) => ({ entry }),
    toValue: ({ entry }) => entry,
  },
  {
    ...{ folder: 'accepted', plural: 'acceptances', kind: 'Acceptance' },
    toFields: (accepted) => ({ accepted }),
    toValue: ({ accepted }) => accepted,
  },
];

/** The key of the leader is a Lease of the cluster's own. */
export const LEADER_KEY = 'leader';

/** A key's folder and the name of its object. */
export interface ClusterPlace {
  readonly folder: ClusterFolder;
  readonly name: string;
}

/** Where a key below the root lives; null: nowhere. */
export function placeOfKey(rest: string): ClusterPlace | null {
  for (const folder of CLUSTER_FOLDERS) {
    if (!folder.folder.endsWith('/')) {
      if (rest === folder.folder) return { folder, name: folder.folder };
    } else if (rest.startsWith(folder.folder)) {
      return { folder, name: objectName(folder, rest.slice(folder.folder.length)) };
    }
  }
  return null;
}

/** Names of history hold the name of a machine, which a cluster takes in small letters only. */
function objectName({ folder }: ClusterFolder, name: string): string {
  return folder === 'history/' ? name.toLowerCase().replace(/[^a-z0-9.-]+/g, '-') : name;
}

/** The key of an object in a folder, below the root. */
export function keyOfObject({ folder }: ClusterFolder, name: string): string {
  return folder.endsWith('/') ? `${folder}${name}` : folder;
}

/** The folders that prefixes reach. */
export function foldersOf(prefixes: readonly string[], root: string): ClusterFolder[] {
  return CLUSTER_FOLDERS.filter(({ folder }) =>
    prefixes.some((prefix) => {
      const own = `${root}${folder}`;
      return own.startsWith(prefix) || prefix.startsWith(own);
    }),
  );
}

/** The entry of history in an object, with its key's name; null when there is none. */
export function changeIn(object: ClusterObject): { readonly name: string; readonly entry: unknown } | null {
  const status = object.status as Readonly<Record<string, unknown>> | undefined;
  const text = object.metadata.annotations?.[CHANGE_ANNOTATION];
  const found = [text, status?.[CHANGE_FIELD]].flatMap((one) => (typeof one === 'string' ? [one] : []));
  // Of two, the later one: names begin with the time.
  const parsed = found.flatMap((one) => readChange(one)).sort((a, b) => (a.name < b.name ? 1 : -1));
  return parsed[0] ?? null;
}

function readChange(text: string): { readonly name: string; readonly entry: unknown }[] {
  try {
    const { name, entry } = JSON.parse(text);
    return typeof name === 'string' ? [{ name, entry }] : [];
  } catch {
    return [];
  }
}

function labelsOf(metadata: unknown): unknown {
  return (metadata as { labels?: unknown } | undefined)?.labels ?? {};
}
