/** `weir fleet apply` and `diff`: objects of files beside those of the stores; compare-and-swap. */
import { isDeepStrictEqual } from 'node:util';
import { WeirError } from '../../errors/weir-error.ts';
import type { PlacedObject } from '../model/parse-objects.ts';
import type { RegionView, StoredObject } from '../model/region-view.ts';
import { type StoreChange, StoreFailure, type StoreGuard } from '../ports.ts';
import {
  type FleetPorts,
  inRegion,
  type Region,
  type RegionFailure,
  readRegions,
  regionsNamed,
  requireSome,
  unreadOf,
  writeFailed,
} from './fleet.ts';
import { placed } from './read-files.ts';
import { historyChange } from './write-history.ts';

/** One object in one region. */
export interface AppliedObject {
  readonly kind: string;
  readonly name: string;
  readonly region: string;
  readonly change: 'created' | 'updated' | 'unchanged';
  /** The version in the store after it; null when it was not written. */
  readonly resourceVersion: string | null;
}

/** The result of `apply`. */
export interface Applied {
  readonly objects: readonly AppliedObject[];
  readonly regions: readonly { readonly name: string; readonly reachable: boolean; readonly error: string | null }[];
}

/** The result of `diff`. */
export interface Differences {
  readonly objects: readonly (AppliedObject & { readonly from: unknown; readonly to: unknown })[];
  readonly regions: Applied['regions'];
}

/** One object that goes to one region. */
interface Step {
  readonly one: PlacedObject;
  readonly region: Region;
  readonly present: StoredObject | null;
  /** As the store keeps it. */
  readonly value: Readonly<Record<string, unknown>>;
  readonly change: AppliedObject['change'];
}

/** Two objects take two changes each, and a transaction has room for 128. */
const OBJECTS_A_WRITE = 60;

/**
 * Writes the objects of files into the regions. All are checked against all regions first: one conflict writes none.
 * Throws WEIR1601 (a switch of `fleet on|off`), WEIR1603, WEIR1605 (conflict), WEIR1604 (fate unknown).
 */
export async function applyObjects(
  ports: FleetPorts,
  request: {
    readonly objects: readonly PlacedObject[];
    readonly regions: readonly string[] | undefined;
    readonly reason: string | null;
    readonly dryRun: boolean;
  },
): Promise<{ readonly result: Applied; readonly isWhole: boolean }> {
  const { steps, unread } = await plan(ports, request);
  refuseConflicts(steps);
  const done: AppliedObject[] = [];
  const failed: RegionFailure[] = [];
  for (const region of new Set(steps.map((step) => step.region))) {
    const own = steps.filter((step) => step.region === region);
    const end = await inRegion(region, () => writeSteps(ports, region, own, request, done.length > 0));
    if ('done' in end) done.push(...end.done);
    else failed.push(end.failure);
  }
  const regions = [
    ...[...new Set(steps.map((step) => step.region))].map((region) => ({
      name: region.name,
      reachable: true,
      error: failed.find((one) => one.region === region)?.error ?? null,
    })),
    ...unread.map(({ region, error }) => ({ name: region.name, reachable: false, error })),
  ];
  const result = { objects: done, regions };
  const isUnsure = failed.some(({ fate }) => fate === 'unknown');
  if (isUnsure || (failed.length > 0 && done.length === 0))
    throw writeFailed(failed, 'every object', { details: result });
  return { result, isWhole: failed.length === 0 && unread.length === 0 };
}

/** The same without writing. */
export async function diffObjects(
  ports: FleetPorts,
  request: { readonly objects: readonly PlacedObject[]; readonly regions: readonly string[] | undefined },
): Promise<{ readonly result: Differences; readonly isSame: boolean }> {
  const { steps, unread } = await plan(ports, request);
  const objects = steps.map(({ one, region, present, value, change }) => ({
    kind: one.object.kind,
    name: one.object.metadata.name,
    region: region.name,
    change,
    resourceVersion: present?.revision ?? null,
    from: present === null ? null : storedValue(present),
    to: value,
  }));
  const regions = [
    ...[...new Set(steps.map((step) => step.region.name))].map((name) => ({ name, reachable: true, error: null })),
    ...unread.map(({ region, error }) => ({ name: region.name, reachable: false, error })),
  ];
  const isSame = unread.length === 0 && objects.every(({ change }) => change === 'unchanged');
  return { result: { objects, regions }, isSame };
}

async function plan(
  ports: FleetPorts,
  request: { readonly objects: readonly PlacedObject[]; readonly regions: readonly string[] | undefined },
): Promise<{ steps: readonly Step[]; unread: readonly { region: Region; error: string }[] }> {
  for (const one of request.objects) {
    if (one.object.kind !== 'MeshPolicy' || !one.object.metadata.name.startsWith('switch-')) continue;
    const { name } = one.object.metadata;
    throw placed(
      one,
      `MeshPolicy/${name} is not for files`,
      'policies named switch-... are written by `weir fleet on|off` alone, so that an old file does not undo a switch',
      'give the policy another name',
    );
  }
  const readings = await readRegions(regionsNamed(ports, request.regions));
  const answered = requireSome(readings);
  const unread = unreadOf(readings);
  const steps = answered.flatMap(({ region, view }) => request.objects.map((one) => stepOf(one, region, view)));
  return { steps, unread };
}

function stepOf(one: PlacedObject, region: Region, view: RegionView): Step {
  const { kind, metadata } = one.object;
  const present = view.objects.find((stored) => stored.kind === kind && stored.name === metadata.name) ?? null;
  const { resourceVersion: _version, region: _region, ...rest } = one.source.metadata as Record<string, unknown>;
  const value = { ...one.source, metadata: rest };
  const isSame = present !== null && 'object' in present.reading && isDeepStrictEqual(storedValue(present), value);
  return { one, region, present, value, change: present === null ? 'created' : isSame ? 'unchanged' : 'updated' };
}

function refuseConflicts(steps: readonly Step[]): void {
  const conflicts = steps.filter(({ one, present }) => {
    const wanted = one.object.metadata.resourceVersion;
    return wanted !== undefined && wanted !== present?.revision;
  });
  if (conflicts.length > 0) throw conflict(conflicts);
}

function conflict(steps: readonly Step[]): WeirError {
  const conflicts = steps.map(({ one, region, present, value }) => ({
    kind: one.object.kind,
    name: one.object.metadata.name,
    region: region.name,
    yours: value,
    theirs: present === null ? null : storedValue(present),
    resourceVersion: { yours: one.object.metadata.resourceVersion ?? null, theirs: present?.revision ?? null },
  }));
  const [first] = conflicts;
  const there =
    first?.resourceVersion.theirs == null ? 'it is gone' : `the store has version ${first.resourceVersion.theirs}`;
  return new WeirError('WEIR1605', {
    what: `${first?.kind}/${first?.name} was changed by somebody else in ${first?.region}; no object was written`,
    why:
      first?.resourceVersion.yours == null
        ? `${there}, changed since it was read`
        : `${there}, yours replaces version ${first.resourceVersion.yours}`,
    hint: '`weir fleet diff` shows both; take the present version over, or leave metadata.resourceVersion out',
    details: { conflicts },
  });
}

async function writeSteps(
  ports: FleetPorts,
  region: Region,
  steps: readonly Step[],
  request: { readonly reason: string | null; readonly dryRun: boolean },
  isPartDone: boolean,
): Promise<AppliedObject[]> {
  const changed = steps.filter(({ change }) => change !== 'unchanged');
  const versions = new Map<Step, string>();
  for (let at = 0; at < changed.length && !request.dryRun; at += OBJECTS_A_WRITE) {
    const part = changed.slice(at, at + OBJECTS_A_WRITE);
    const guards: StoreGuard[] = [];
    const changes: StoreChange[] = [];
    for (const { one, present, value } of part) {
      const { kind, metadata } = one.object;
      const key = region.keys.object(kind, metadata.name);
      guards.push({ key, revision: present?.revision ?? null });
      changes.push({ key, value: JSON.stringify(value) });
      const from = present === null ? null : storedValue(present);
      changes.push(
        historyChange(ports, region, {
          verb: 'apply',
          kind,
          name: metadata.name,
          why: request.reason,
          from,
          to: value,
        }),
      );
    }
    const outcome = await region.store.write(guards, changes).catch((error: unknown) => {
      if (!(error instanceof StoreFailure) || at === 0) throw error;
      // No error that says that nothing was changed: the objects before these are written.
      throw new StoreFailure(`${at} of ${changed.length} objects are written, then: ${error.message}`, 'unknown');
    });
    // A conflict says that no object was written: that is so only before the first one.
    if (outcome.kind === 'refused' && (isPartDone || at > 0)) {
      const what = 'an object was changed by somebody else after others had been written';
      throw new StoreFailure(what, at > 0 ? 'unknown' : 'refused');
    }
    if (outcome.kind === 'refused') throw await lateConflict(ports, part);
    for (const step of part) versions.set(step, outcome.revision);
  }
  return steps.map((step) => ({
    kind: step.one.object.kind,
    name: step.one.object.metadata.name,
    region: region.name,
    change: step.change,
    resourceVersion: versions.get(step) ?? step.present?.revision ?? null,
  }));
}

/** Somebody wrote between our reading and our writing: the present versions, for the details. */
async function lateConflict(ports: FleetPorts, steps: readonly Step[]): Promise<WeirError> {
  const [region] = steps.map((step) => step.region.name);
  const now = requireSome(await readRegions(regionsNamed(ports, region === undefined ? undefined : [region])));
  const again = steps.flatMap((step) => now.map(({ region: one, view }) => stepOf(step.one, one, view)));
  return conflict(again.filter((step, index) => step.present?.revision !== steps[index]?.present?.revision));
}

/** What a store holds, as data; the text itself where it is no JSON. */
function storedValue({ text }: StoredObject): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
