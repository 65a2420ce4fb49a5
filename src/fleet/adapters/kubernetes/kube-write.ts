/**
 * Writes of several keys into a cluster, which knows no transactions: all guards are checked and all writes rehearsed
 * first, then they are done one after another, and taken back if one of them fails. Entries of history come last: what
 * is made without them stands, and is told.
 */
import {
  CHANGE_ANNOTATION,
  CHANGE_FIELD,
  type ClusterFolder,
  type ClusterPlace,
  placeOfKey,
  STATUS_OWN,
} from '../../model/cluster-objects.ts';
import { FLEET_API_VERSION } from '../../model/object-schemas.ts';
import { type StoreChange, StoreFailure, type StoreGuard, type WriteOutcome } from '../../ports.ts';
import { type KubeClient, type KubeObject, KubeRefusal } from './kube-client.ts';
import { HOST_LEASE, type KubeLeases } from './kube-leases.ts';

/** What writes need. */
export interface KubeWork {
  readonly client: KubeClient;
  readonly root: string;
  readonly leases: KubeLeases;
  /** The objects that this process wrote last, by path: they need not be read again. */
  readonly last: Map<string, KubeObject>;
  /** Hears of a change that is made and not recorded. */
  warn(text: string): void;
  path(folder: ClusterFolder, name: string): string;
}

/** One object with its condition. */
interface Guarded {
  readonly place: ClusterPlace;
  readonly path: string;
  /** Undefined: whatever is there. */
  readonly guard: string | null | undefined;
}

/** One object to be written or removed. */
interface Step extends Guarded {
  readonly value: Readonly<Record<string, unknown>> | null;
  readonly lease: string | undefined;
  /** The entry of history that goes with it. */
  change: { readonly name: string; readonly entry: unknown } | null;
}

/** An object as it was and as it is after its write; null: there is none. */
interface Done {
  readonly step: Step;
  readonly before: KubeObject | null;
  readonly after: KubeObject | null;
}

/** Annotations of an object may have 256 KiB together. */
const MAX_CHANGE = 200_000;
/** How often a write without a guard is tried when somebody else writes the same object. */
const TRIES = 5;

/** A guard did not hold. */
class Refused extends Error {}

/** The failure for a key that no object of a cluster stands for. */
export function noPlace(key: string): StoreFailure {
  return new StoreFailure(`a cluster has no place for ${key}`, 'refused');
}

/** Carries all changes out, or none. Throws `StoreFailure`. */
export async function writeAll(
  work: KubeWork,
  guards: readonly StoreGuard[],
  changes: readonly StoreChange[],
): Promise<WriteOutcome> {
  const { steps, entries } = stepsOf(work, guards, changes);
  const looks = looksOf(work, guards, changes);
  const done: Done[] = [];
  try {
    const isRehearsed = steps.length > 1 && guards.length > 0;
    for (const step of isRehearsed ? steps : []) await writeOne(work, step, true);
    // Between this look and the write somebody may change it: a cluster has no condition on another object.
    for (const look of looks) await requireGuard(work, look, (await work.client.get(look.path))?.value ?? null);
    for (const step of steps) done.push(await writeOne(work, step, false));
  } catch (error) {
    const isBack = await takeBack(work, done);
    if (!isBack) {
      const failed = error instanceof Error ? error.message : String(error);
      throw new StoreFailure(`a part of the change may stay: ${failed}`, 'unknown');
    }
    if (error instanceof Refused) return { kind: 'refused' };
    throw error;
  }
  const held = new Set(
    steps.filter(({ value, change }) => value !== null && change !== null).map(({ change }) => change?.name),
  );
  const missing: Unrecorded[] = [];
  for (const { name, entry } of entries) {
    const error = await writeEntry(work, name, entry);
    if (error === null) continue;
    // Without another change the entry is all that was asked for.
    if (steps.length === 0) throw error;
    missing.push({ error, isHeld: held.has(name) });
  }
  if (missing.length > 0) work.warn(unrecordedText(work.client.place, missing));
  let highest = 0n;
  for (const { after } of done) {
    const revision = BigInt(after?.metadata.resourceVersion ?? 0);
    if (revision > highest) highest = revision;
  }
  return { kind: 'written', revision: String(highest) };
}

function stepsOf({ root, path }: KubeWork, guards: readonly StoreGuard[], changes: readonly StoreChange[]) {
  const steps: Step[] = [];
  const entries: { readonly name: string; readonly entry: unknown }[] = [];
  for (const { key, value, lease } of changes) {
    const place = key.startsWith(root) ? placeOfKey(key.slice(root.length)) : null;
    if (place === null) throw noPlace(key);
    const parsed = value === null ? null : (JSON.parse(value) as Record<string, unknown>);
    if (place.folder.folder === 'history/' && parsed !== null) {
      const change = { name: place.name, entry: parsed };
      entries.push(change);
      const last = steps.at(-1);
      if (last !== undefined && JSON.stringify(change).length < MAX_CHANGE) last.change = change;
      continue;
    }
    const guard = guards.find((one) => one.key === key);
    steps.push({
      ...{ place, path: path(place.folder, place.name), value: parsed, lease },
      ...{ guard: guard?.revision, change: null },
    });
  }
  return { steps, entries };
}

/** Guards on keys that this write leaves as they are. Throws `StoreFailure` for one that cannot be looked at. */
function looksOf({ root, path }: KubeWork, guards: readonly StoreGuard[], changes: readonly StoreChange[]): Guarded[] {
  const written = new Set(changes.map(({ key }) => key));
  return guards.flatMap(({ key, revision }) => {
    const place = key.startsWith(root) ? placeOfKey(key.slice(root.length)) : null;
    if (place === null) throw noPlace(key);
    // An entry of history is made, never replaced: that it was not there is the condition of its POST.
    if (place.folder.folder === 'history/' && revision !== null)
      throw new StoreFailure(`a cluster does not guard ${key}: an entry of history never changes`, 'refused');
    if (written.has(key)) return [];
    return [{ place, path: path(place.folder, place.name), guard: revision }];
  });
}

async function writeOne(work: KubeWork, step: Step, isRehearsal: boolean): Promise<Done> {
  for (let tries = 0; ; tries += 1) {
    try {
      return await tryOne(work, step, isRehearsal);
    } catch (error) {
      if (!(error instanceof KubeRefusal) || !isRace(error)) throw error;
      work.last.delete(step.path);
      if (step.guard !== undefined) throw new Refused();
      if (tries >= TRIES) throw error;
    }
  }
}

/** Somebody else wrote, made or removed it in between. */
function isRace({ reason, status }: KubeRefusal): boolean {
  return reason === 'Conflict' || reason === 'AlreadyExists' || (reason === 'NotFound' && status === 404);
}

async function tryOne(work: KubeWork, step: Step, isRehearsal: boolean): Promise<Done> {
  const { client, leases, last } = work;
  const { place, path, value, lease, guard } = step;
  const own = value === null ? undefined : last.get(path);
  const known = guard === undefined || guard === own?.metadata.resourceVersion ? own : undefined;
  const before = known ?? (await client.get(path))?.value ?? null;
  await requireGuard(work, step, before);
  const query = isRehearsal ? '?dryRun=All' : '';
  if (place.folder.isStatus) {
    if (before === null) throw new Refused();
    const body = { ...before, status: statusOf(before, step) };
    const { value: after } = await client.ask('PUT', `${path}/status${query}`, body);
    return { step, before, after };
  }
  if (value === null) {
    if (before === null) return { step, before, after: null };
    const preconditions = { resourceVersion: before.metadata.resourceVersion };
    await client.ask('DELETE', `${path}${query}`, { apiVersion: 'v1', kind: 'DeleteOptions', preconditions });
    return { step, before, after: null };
  }
  if (lease !== undefined && !isRehearsal) {
    const holder = place.name;
    await leases.take(lease, `${HOST_LEASE}${place.name}`, { holder }, { isFree: false, paths: [path] });
  }
  const body = bodyOf(before, step);
  const { value: after } =
    before === null
      ? await client.ask('POST', `${path.slice(0, path.lastIndexOf('/'))}${query}`, body)
      : await client.ask('PUT', `${path}${query}`, body);
  if (!isRehearsal) last.set(path, after);
  return { step, before, after };
}

async function requireGuard({ leases }: KubeWork, { place, guard }: Guarded, before: KubeObject | null): Promise<void> {
  if (guard === undefined) return;
  if (guard !== null) {
    if (before?.metadata.resourceVersion !== guard) throw new Refused();
    return;
  }
  const isThere = before !== null && place.folder.toValue(before, '') !== null;
  if (!isThere) return;
  // What went with a lease that has ended is gone for every reader.
  if (place.folder.isLeased && (await leases.one(`${HOST_LEASE}${place.name}`)) === null) return;
  throw new Refused();
}

/** The object to be stored: what others added to it stays. */
function bodyOf(before: KubeObject | null, { place, value, change }: Step): unknown {
  const { folder, name } = place;
  const { managedFields: _managed, ...metadata } = before?.metadata ?? { name };
  const { metadata: own } = (value ?? {}) as { metadata?: { labels?: unknown } };
  const { [CHANGE_ANNOTATION]: _change, ...annotations } = metadata.annotations ?? {};
  const noted = { ...annotations, ...(change !== null && { [CHANGE_ANNOTATION]: JSON.stringify(change) }) };
  const { spec: _spec, ...others }: Partial<KubeObject> = before ?? {};
  return {
    ...others,
    ...{ apiVersion: FLEET_API_VERSION, kind: folder.kind },
    metadata: {
      ...metadata,
      annotations: noted,
      // Labels of hosts are fields: a cluster does not take every label.
      ...('spec' in (value ?? {}) && { labels: own?.labels ?? {} }),
    },
    ...folder.toFields(value ?? {}),
  };
}

function statusOf(before: KubeObject, { value, change }: Step): Record<string, unknown> {
  const own = STATUS_OWN.filter((field) => field !== CHANGE_FIELD).map((field) => [field, before.status?.[field]]);
  return {
    ...value,
    ...Object.fromEntries(own.filter(([, kept]) => kept !== undefined)),
    ...(change !== null && { [CHANGE_FIELD]: JSON.stringify(change) }),
  };
}

/** Puts back what was written. Resolves to whether all is as it was. */
async function takeBack({ client }: KubeWork, done: readonly Done[]): Promise<boolean> {
  for (const { step, before, after } of done.toReversed()) {
    const resourceVersion = after?.metadata.resourceVersion;
    try {
      if (after === null && before !== null) {
        const { resourceVersion: _version, uid: _uid, managedFields: _managed, ...metadata } = before.metadata;
        await client.ask('POST', step.path.slice(0, step.path.lastIndexOf('/')), { ...before, metadata });
      } else if (before === null && after !== null) {
        const preconditions = { resourceVersion };
        await client.ask('DELETE', step.path, { apiVersion: 'v1', kind: 'DeleteOptions', preconditions });
      } else if (before !== null) {
        const path = step.place.folder.isStatus ? `${step.path}/status` : step.path;
        await client.ask('PUT', path, { ...before, metadata: { ...before.metadata, resourceVersion } });
      }
    } catch {
      return false;
    }
  }
  return true;
}

/** Why the entry is not there, or perhaps not; null: it is there. */
async function writeEntry({ client, path }: KubeWork, name: string, entry: unknown): Promise<StoreFailure | null> {
  const key = `history/${name}`;
  const place = placeOfKey(key);
  if (place === null) throw noPlace(key);
  const full = path(place.folder, place.name);
  const body = {
    apiVersion: FLEET_API_VERSION,
    kind: 'HistoryEntry',
    metadata: { name },
    ...place.folder.toFields(entry as Record<string, unknown>),
  };
  try {
    await client.ask('POST', full.slice(0, full.lastIndexOf('/')), body);
    return null;
  } catch (error) {
    if (!(error instanceof StoreFailure)) throw error;
    return error;
  }
}

/** An entry of history that is missing. `isHeld`: the changed object holds it. */
interface Unrecorded {
  readonly error: StoreFailure;
  readonly isHeld: boolean;
}

function unrecordedText(place: string, missing: readonly Unrecorded[]): string {
  const [first] = missing;
  if (first === undefined) throw new TypeError('nothing is missing');
  const entry = missing.length === 1 ? 'its entry of history' : `${missing.length} entries of history`;
  const isUnsure = missing.some(({ error }) => error.fate === 'unknown');
  const what = `${place}: the change is made, and ${isUnsure ? `whether ${entry} could be written is not known` : `${entry} could not be written`}`;
  const said = first.error.message.replace(`${place}: `, '');
  const kept = missing.every(({ isHeld }) => isHeld)
    ? 'the changed object keeps it until its next change'
    : 'nobody else keeps it';
  const isForbidden = missing.some(({ error }) => error instanceof KubeRefusal && error.status === 403);
  const next = isForbidden
    ? 'allow `create` on historyentries.weir.dev there'
    : '`weir fleet history` shows whether it is there';
  return `${what} (${said}): ${kept}; ${next}, and note this change elsewhere`;
}
