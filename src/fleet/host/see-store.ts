/** Takes what a store says into a host's memory, or holds it. Pure. */
import { type Hold, holdOf } from '../model/hold.ts';
import { objectOfKey, type RegionKeys } from '../model/keys.ts';
import type { MeshPolicy, SidecarRelease } from '../model/object-schemas.ts';
import { readStoredObject } from '../model/parse-objects.ts';
import { acceptedSchema, type Rollout, readFleetRecord, rolloutSchema } from '../model/records.ts';
import type { StoredItem, StoreListing } from '../ports.ts';
import { type HostMemory, rememberItems } from './host-memory.ts';

/** What a host goes by. */
export interface HostRules {
  readonly policies: readonly MeshPolicy[];
  readonly releases: readonly SidecarRelease[];
  readonly rollouts: readonly Rollout[];
  readonly errors: readonly { readonly object: string; readonly code: 'WEIR1600'; readonly message: string }[];
}

/**
 * The memory after a listing of the store. A store that is another, older or much emptier is held: the memory keeps its
 * objects. `accepted` in the listing ends a hold. `at` is RFC 3339.
 */
export function seeStore(memory: HostMemory, keys: RegionKeys, listing: StoreListing, at: string): HostMemory {
  const items = listing.items.filter(({ key }) => key !== keys.accepted);
  const store = { clusterId: listing.clusterId, revision: listing.revision };
  const taken = { ...memory, store, items: rememberItems(items), held: null };
  if (memory.store === null) return taken;
  const before = { ...memory.store, objects: countObjects(memory.items, keys) };
  const now = { ...store, objects: countObjects(items, keys) };
  const { held } = memory;
  const hold =
    held !== null && held.clusterId === store.clusterId ? stillHeld(held, before, now, at) : holdOf(before, now, at);
  if (hold === null || isAccepted(hold, keys, listing)) return taken;
  return { ...memory, held: { ...hold, clusterId: store.clusterId } };
}

/** A hold lasts until the store is what it was before, or is accepted. */
function stillHeld(
  held: Hold,
  before: Parameters<typeof holdOf>[0],
  now: Parameters<typeof holdOf>[1],
  at: string,
): Hold | null {
  return holdOf(before, now, at) === null
    ? null
    : { since: held.since, why: held.why, revision: held.revision, objects: { ...held.objects, now: now.objects } };
}

/** For another store its id is enough; for one that was set back the confirmation has to be newer than the hold. */
function isAccepted(hold: Hold, keys: RegionKeys, { items, clusterId }: StoreListing): boolean {
  const item = items.find(({ key }) => key === keys.accepted);
  if (item === undefined) return false;
  const reading = readFleetRecord(acceptedSchema, item.value);
  if (reading.state !== 'read' || reading.value.clusterId !== clusterId) return false;
  return hold.why === 'other-store' || BigInt(item.revision) > BigInt(hold.revision);
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
  const buttons = readRules(newer, keys).policies.map((policy) => ({
    ...policy,
    spec: { ...policy.spec, rules: policy.spec.rules.filter(({ state }) => state === 'off') },
  }));
  return { ...rules, policies: [...rules.policies, ...buttons] };
}

function readRules(items: readonly { readonly key: string; readonly value: string }[], keys: RegionKeys): HostRules {
  const policies: MeshPolicy[] = [];
  const releases: SidecarRelease[] = [];
  const rollouts: Rollout[] = [];
  const errors: HostRules['errors'][number][] = [];
  for (const { key, value } of items) {
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
    } else if (reading.object.kind === 'MeshPolicy') policies.push(reading.object);
    else if (reading.object.kind === 'SidecarRelease') releases.push(reading.object);
  }
  return { policies, releases, rollouts, errors };
}
