/** Takes what a store says into a host's memory, or holds it. Pure. */
import { type Hold, holdOf } from '../model/hold.ts';
import { objectOfKey, type RegionKeys } from '../model/keys.ts';
import type { MeshPolicy, SidecarRelease } from '../model/object-schemas.ts';
import { readStoredObject } from '../model/parse-objects.ts';
import { acceptedSchema, type Rollout, readFleetRecord, rolloutSchema } from '../model/records.ts';
import type { StoredItem, StoreListing } from '../ports.ts';
import { type HostMemory, rememberItems } from './host-memory.ts';

/** `weir fleet on|off` writes policies of these names, and nothing else does. */
const SWITCH = 'switch-';
const appOfSwitch = (name: string): string => (name === `${SWITCH}all` ? '*' : name.slice(SWITCH.length));

/** The revision of a host's own record as it was known before a list, and as the list has it. */
export interface OwnRevision {
  readonly known: string | null;
  readonly listed: string;
}

/** What a host goes by. */
export interface HostRules {
  readonly policies: readonly MeshPolicy[];
  readonly releases: readonly SidecarRelease[];
  readonly rollouts: readonly Rollout[];
  readonly errors: readonly { readonly object: string; readonly code: 'WEIR1600'; readonly message: string }[];
  /** Applications whose switch cannot be read and never could: it may hold them off. `*`: the red button. */
  readonly unreadSwitches: readonly string[];
}

/**
 * The memory after a listing of the store. A store that is another, older or much emptier is held: the memory keeps its
 * objects. `accepted` in the listing ends a hold. `at` is RFC 3339; `own` is of this host's own record, where it was listed.
 */
export function seeStore(
  memory: HostMemory,
  keys: RegionKeys,
  listing: StoreListing,
  at: string,
  own?: OwnRevision,
): HostMemory {
  const items = listing.items.filter(({ key }) => key !== keys.accepted);
  const { clusterId, revision } = listing;
  const store = { clusterId, revision };
  const canRead = (item: Pick<StoredItem, 'key' | 'value'>) => canReadPolicy(keys, item);
  const take = (lastOwn: string | undefined): HostMemory => ({
    ...{ ...memory, held: null, items: rememberItems(items, memory.items, canRead) },
    store: { ...store, ...(lastOwn !== undefined && { own: lastOwn }) },
  });
  if (memory.store === null) return take(own?.listed);
  const before = { ...memory.store, objects: countObjects(memory.items, keys) };
  const now = { ...store, objects: countObjects(items, keys), isOlder: isOlder(memory, items, own) };
  const { held } = memory;
  const hold =
    held !== null && held.clusterId === clusterId
      ? stillHeld(held, memory, items, holdOf(before, now, at))
      : holdOf(before, now, at);
  // What was written while the list was under way is newer than it.
  if (hold === null) return take(later(own?.listed, memory.store.own));
  if (isAccepted(hold, keys, listing)) return take(own?.listed);
  return { ...memory, held: { ...hold, clusterId } };
}

/** Whether a key stands at a revision before the one that this host knows of it: no history goes back. */
function isOlder(
  { items: known, store }: HostMemory,
  items: readonly StoredItem[],
  own: OwnRevision | undefined,
): boolean {
  if (store === null) return false;
  if (own != null && own.known !== null && BigInt(own.listed) < BigInt(own.known)) return true;
  // A store that lists single keys lists all at one revision: what is older than the known one is known.
  if (own !== undefined && hasStrangers({ items: known, store }, items)) return true;
  const now = new Map(items.map((item) => [item.key, item]));
  return known.some(({ key, value, revision }) => {
    const item = now.get(key);
    if (item === undefined) return false;
    const change = BigInt(item.revision) - BigInt(revision);
    return change < 0n || (change === 0n && item.value !== value);
  });
}

/** Whether there is a key that this host does not know, at a revision that it had seen. */
function hasStrangers({ items: known, store }: Pick<HostMemory, 'items' | 'store'>, items: readonly StoredItem[]) {
  const keys = new Set(known.map(({ key }) => key));
  return items.some(({ key, revision }) => !keys.has(key) && BigInt(revision) <= BigInt(store?.revision ?? 0));
}

/**
 * A hold lasts until the store is what it was before, or is accepted. A store that was set back writes on, and its
 * revision grows past the known one: only all that this host knows, unchanged, ends that hold.
 */
function stillHeld(held: Hold, memory: HostMemory, items: readonly StoredItem[], next: Hold | null): Hold | null {
  const known = new Map(items.map((item) => [item.key, item]));
  const isSame = memory.items.every(({ key, revision }) => known.get(key)?.revision === revision);
  const isBack = held.why !== 'backwards' || (isSame && !hasStrangers(memory, items));
  if (next === null && isBack) return null;
  const now = next?.objects.now ?? held.objects.now;
  return { since: held.since, why: held.why, revision: held.revision, objects: { ...held.objects, now } };
}

/** For another store its id is enough; for one that was set back the confirmation has to be newer than the hold. */
function isAccepted(hold: Hold, keys: RegionKeys, { items, clusterId }: StoreListing): boolean {
  const item = items.find(({ key }) => key === keys.accepted);
  if (item === undefined) return false;
  const reading = readFleetRecord(acceptedSchema, item.value);
  if (reading.state !== 'read' || reading.value.clusterId !== clusterId) return false;
  return hold.why === 'other-store' || BigInt(item.revision) > BigInt(hold.revision);
}

function canReadPolicy(keys: RegionKeys, { key, value }: Pick<StoredItem, 'key' | 'value'>): boolean {
  const object = objectOfKey(keys.root, key);
  return object?.kind !== 'MeshPolicy' || 'object' in readStoredObject(object.kind, object.name, value);
}

function later(one: string | undefined, other: string | undefined): string | undefined {
  if (one === undefined || other === undefined) return one ?? other;
  return BigInt(one) > BigInt(other) ? one : other;
}

function countObjects(items: readonly { readonly key: string }[], keys: RegionKeys): number {
  return items.filter(({ key }) => objectOfKey(keys.root, key) !== null).length;
}

/**
 * The rules that count: those of the memory; while the store is held also every `off` that was written into it after
 * the hold began, so that the red button works.
 */
export function rulesOf(memory: HostMemory, keys: RegionKeys, present: readonly StoredItem[]): HostRules {
  const rules = readRules(memory.items, keys);
  const { held } = memory;
  if (held === null) return rules;
  const newer = present.filter(({ revision }) => BigInt(revision) > BigInt(held.revision));
  const inNewer = readRules(newer, keys);
  const buttons = inNewer.policies.map((policy) => ({
    ...policy,
    spec: { ...policy.spec, rules: policy.spec.rules.filter(({ state }) => state === 'off') },
  }));
  return {
    ...{ ...rules, policies: [...rules.policies, ...buttons] },
    // One that cannot be read may be the red button.
    unreadSwitches: [...rules.unreadSwitches, ...inNewer.unreadSwitches],
  };
}

function readRules(
  items: readonly Omit<HostMemory['items'][number], 'revision' | 'created'>[],
  keys: RegionKeys,
): HostRules {
  const policies: MeshPolicy[] = [];
  const releases: SidecarRelease[] = [];
  const rollouts: Rollout[] = [];
  const errors: HostRules['errors'][number][] = [];
  const unreadSwitches: string[] = [];
  for (const { key, value, good } of items) {
    const object = objectOfKey(keys.root, key);
    if (object === null) {
      if (!key.startsWith(keys.rollouts)) continue;
      const reading = readFleetRecord(rolloutSchema, value);
      if (reading.state === 'read') rollouts.push(reading.value);
      else
        errors.push({ object: `rollouts/${key.slice(keys.rollouts.length)}`, code: 'WEIR1600', message: reading.why });
      continue;
    }
    const reading = readStoredObject(object.kind, object.name, value);
    if ('error' in reading) {
      errors.push({ object: `${object.kind}/${object.name}`, code: 'WEIR1600', message: reading.error });
      if (object.kind !== 'MeshPolicy') continue;
      // What is written there now is not known, and what it said last may hold something off.
      const last = good === undefined ? null : readStoredObject(object.kind, object.name, good);
      if (last !== null && 'object' in last && last.object.kind === 'MeshPolicy') policies.push(last.object);
      else if (object.name.startsWith(SWITCH)) unreadSwitches.push(appOfSwitch(object.name));
    } else if (reading.object.kind === 'MeshPolicy') policies.push(reading.object);
    else if (reading.object.kind === 'SidecarRelease') releases.push(reading.object);
  }
  return { policies, releases, rollouts, errors, unreadSwitches };
}
