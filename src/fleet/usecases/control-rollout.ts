/** `weir fleet rollout`: the verbs of an operator, written guarded by the record's revision; and how far it is. */
import { isDeepStrictEqual } from 'node:util';
import { WeirError } from '../../errors/weir-error.ts';
import type { HistoryVerb, Rollout } from '../model/records.ts';
import { type RegionView, releasesOf } from '../model/region-view.ts';
import { waveHosts } from '../model/rollout-machine.ts';
import {
  type FleetPorts,
  inRegion,
  type Region,
  type RegionFailure,
  readRegions,
  regionsNamed,
  requireSome,
  unknownName,
  unreachable,
  unreadOf,
  writeFailed,
} from './fleet.ts';
import { historyChange } from './write-history.ts';

/** What an operator can ask of a rollout. */
export const ROLLOUT_VERBS = ['start', 'pause', 'resume', 'promote', 'abort', 'undo'] as const;
/** One of `ROLLOUT_VERBS`. */
export type RolloutVerb = (typeof ROLLOUT_VERBS)[number];

/** A rollout in a region. */
export interface RolloutRow {
  readonly release: string;
  readonly region: string;
  /** `none`: it was never started. `unknown`: its record cannot be read. */
  readonly state: Rollout['state'] | 'none' | 'unknown';
  /** The wave that moves, from 0; null: the rollout was never started, or is not known. */
  readonly wave: number | null;
  readonly reason: string | null;
  /** Of hosts by what they say now; of pods by what the leader saw last, empty while it has not looked. */
  readonly waves: readonly {
    readonly index: number;
    readonly hosts: readonly string[];
    /** How many of them have the release, and ended its upgrade without an error; the other numbers likewise. */
    readonly done: number;
    readonly failed: number;
    readonly pending: number;
    /** Those whose daemon does not speak: whether they have it is not known. */
    readonly silent: number;
  }[];
}

/** The states in which each verb is right; `none`: never started. */
export const FITTING: Readonly<Record<RolloutVerb, readonly (Rollout['state'] | 'none')[]>> = {
  start: ['none', 'done', 'undone', 'aborted'],
  pause: ['running'],
  resume: ['paused', 'stopped'],
  promote: ['running', 'paused', 'stopped'],
  abort: ['running', 'paused', 'stopped'],
  undo: ['running', 'paused', 'stopped', 'aborted', 'done'],
};

const IN_HISTORY: Readonly<Record<RolloutVerb, HistoryVerb>> = {
  ...{ start: 'rollout-start', pause: 'pause', resume: 'resume', promote: 'promote', abort: 'abort', undo: 'undo' },
};

/**
 * Carries a verb out in each region that has the release; what did not become of it in some of them is in `warnings`.
 * Throws WEIR1606, WEIR1609 (wrong state), WEIR1603 (nothing was changed) and WEIR1604 (the rows as details).
 */
export async function controlRollout(
  ports: FleetPorts,
  request: {
    readonly verb: RolloutVerb;
    readonly release: string;
    readonly regions: readonly string[] | undefined;
    readonly reason: string | null;
  },
): Promise<{ readonly rollouts: readonly RolloutRow[]; readonly warnings: readonly string[] }> {
  const { verb, release } = request;
  const readings = await readRegions(regionsNamed(ports, request.regions));
  const answered = requireSome(readings);
  const unread = unreadOf(readings);
  const having = answered.filter(({ view }) => hasRelease(view, release));
  if (having.length === 0) {
    // A region that does not answer may have it.
    if (unread.length > 0) throw unreachable(unread);
    throw unknownName('release', release, releaseNames(answered.map(({ view }) => view)), 'the fleet');
  }
  for (const { view } of having) requireFitting(verb, release, view);
  const ends = await Promise.all(
    having.map(async ({ region, view }) => ({ region, ...(await carryOut(ports, region, view, request)) })),
  );
  const written = ends.flatMap((end) => ('next' in end ? [end] : []));
  const failures = ends.flatMap((end) => ('failure' in end ? [end.failure] : []));
  const overtaken = ends.flatMap((end) => ('overtaken' in end ? [end.region.name] : []));
  const isUnsure = failures.some(({ fate }) => fate === 'unknown');
  const change = `\`${verb}\` of ${release}`;
  if (written.length === 0 && !isUnsure) {
    if (failures.length > 0) throw writeFailed(failures, change, { unread });
    throw movedMeanwhile(release, overtaken);
  }
  const again = await readRegions(written.map(({ region }) => region));
  const rollouts = again.map((reading): RolloutRow => {
    if ('view' in reading) return rolloutRow(reading.view, release);
    const next = written.find(({ region }) => region === reading.region)?.next;
    return {
      ...{ release, region: reading.region.name, state: next?.state ?? 'none', wave: next?.wave ?? null },
      ...{ reason: next?.reason ?? null, waves: [] },
    };
  });
  if (isUnsure) throw writeFailed(failures, change, { details: { rollouts } });
  const warnings = [
    ...unread.map(({ region, error }) => `${region.name} could not be read, and nothing was written there: ${error}`),
    ...failures.map(({ region, error }) => `${region.name} did not take it: ${error}`),
    ...overtaken.map((name) => `${name} did not take it: its rollout moved in the meantime; say it again`),
    ...unreadOf(again).map(({ region, error }) => `${region.name}: it is written and cannot be read back: ${error}`),
  ];
  return { rollouts, warnings };
}

/** How far the rollouts are; of one release, or of all. Throws WEIR1606, WEIR1603. */
export async function rolloutStatus(
  ports: FleetPorts,
  release: string | null,
  regions: readonly string[] | undefined,
): Promise<{
  readonly result: { readonly rollouts: readonly RolloutRow[] };
  readonly isGood: boolean;
  readonly warnings: readonly string[];
}> {
  const readings = await readRegions(regionsNamed(ports, regions));
  const answered = requireSome(readings);
  const views = answered.map(({ view }) => view);
  const names = releaseNames(views);
  if (release !== null && !names.includes(release)) {
    const unread = unreadOf(readings);
    if (unread.length > 0) throw unreachable(unread);
    throw unknownName('release', release, names, 'the fleet');
  }
  const rollouts = views.flatMap((view) =>
    (release === null ? rolloutNames(view) : hasRelease(view, release) ? [release] : []).map((name) =>
      rolloutRow(view, name),
    ),
  );
  const warnings = unreadOf(readings).map(({ region, error }) => `${region.name} could not be read: ${error}`);
  for (const view of views) {
    for (const { kind, name, why } of view.damaged)
      warnings.push(`${kind} ${name} of ${view.name} cannot be read: ${why}`);
  }
  const leaderless = views.filter(
    (view) => view.leader === null && rollouts.some((row) => row.region === view.name && isMoving(row)),
  );
  warnings.push(
    ...leaderless.map(
      ({ name }) => `${name} has no leader: no wave moves until \`weir operator run --region ${name}\` runs`,
    ),
  );
  const isGood =
    warnings.length === 0 &&
    rollouts.every((row) => row.state !== 'stopped' && !(isMoving(row) && waitsForSilent(row)));
  return { result: { rollouts }, isGood, warnings };
}

function isMoving({ state }: RolloutRow): boolean {
  return state === 'running' || state === 'undoing';
}

function waitsForSilent({ wave, waves }: RolloutRow): boolean {
  return waves.some(({ index, silent }) => index <= (wave ?? -1) && silent > 0);
}

function hasRelease(view: RegionView, name: string): boolean {
  return (
    view.rollouts.has(name) ||
    unreadRollout(view, name) !== undefined ||
    view.objects.some((one) => one.kind === 'SidecarRelease' && one.name === name)
  );
}

/** The rollouts of a region, with those whose record cannot be read. */
function rolloutNames({ rollouts, damaged }: RegionView): string[] {
  return [...rollouts.keys(), ...damaged.flatMap(({ kind, name }) => (kind === 'Rollout' ? [name] : []))];
}

/** The record of a rollout that is there and cannot be read. */
function unreadRollout(view: RegionView, name: string): RegionView['damaged'][number] | undefined {
  return view.damaged.find((one) => one.kind === 'Rollout' && one.name === name);
}

function releaseNames(views: readonly RegionView[]): string[] {
  const names = views.flatMap((view) => [
    ...rolloutNames(view),
    ...view.objects.flatMap(({ kind, name }) => (kind === 'SidecarRelease' ? [name] : [])),
  ]);
  return [...new Set(names)].sort();
}

function requireFitting(verb: RolloutVerb, release: string, view: RegionView): void {
  const object = view.objects.find(({ kind, name }) => kind === 'SidecarRelease' && name === release);
  if (verb === 'start' && object !== undefined && 'error' in object.reading) {
    throw unreadable(`SidecarRelease/${release} of ${view.name}`, object.reading.error);
  }
  const damaged = unreadRollout(view, release);
  if (damaged !== undefined) throw unreadable(`the rollout of ${release} in ${view.name}`, damaged.why);
  const state = view.rollouts.get(release)?.state ?? 'none';
  if (FITTING[verb].includes(state)) return;
  throw new WeirError('WEIR1609', {
    what: `${release} in ${view.name} is ${state === 'none' ? 'not started' : state}; nothing was changed`,
    why: `\`${verb}\` is for one that is ${FITTING[verb].map((one) => (one === 'none' ? 'not started' : one)).join(' or ')}`,
    hint: `see \`weir fleet rollout status ${release}\``,
  });
}

function unreadable(what: string, why: string): WeirError {
  return new WeirError('WEIR1600', {
    what: `${what} cannot be read; nothing was changed`,
    why,
    hint: 'write a good one over it, or remove the key from the store',
    exit: 3,
  });
}

/** How often a verb is written anew over a record in which only the leader's counts have moved. */
const MOST_TRIES = 5;

/** Writes a verb; anew when its guard did not hold although the rollout stands where whoever said the verb saw it. */
async function carryOut(
  ports: FleetPorts,
  region: Region,
  view: RegionView,
  request: { verb: RolloutVerb; release: string; reason: string | null },
): ReturnType<typeof writeVerb> {
  const seen = standOf(view, request.release);
  let now = view;
  for (let tries = 1; ; tries += 1) {
    const end = await writeVerb(ports, region, now, request);
    if (!('overtaken' in end) || tries === MOST_TRIES) return end;
    const [again] = await readRegions([region]);
    if (again === undefined || !('view' in again)) return end;
    if (unreadRollout(again.view, request.release) !== undefined) return end;
    if (!isDeepStrictEqual(standOf(again.view, request.release), seen)) return end;
    now = again.view;
  }
}

/** What a verb is said about: where the rollout stands, and what it rolls out. */
function standOf(view: RegionView, release: string): object {
  const { state, wave, startedAt } = view.rollouts.get(release) ?? {};
  const spec = releasesOf(view).find(({ metadata }) => metadata.name === release)?.spec;
  return { state, wave, startedAt, spec };
}

/** The record that was written; or why it was not. `overtaken`: somebody else wrote it between reading and writing. */
async function writeVerb(
  ports: FleetPorts,
  region: Region,
  view: RegionView,
  { verb, release, reason }: { verb: RolloutVerb; release: string; reason: string | null },
): Promise<{ readonly next: Rollout } | { readonly failure: RegionFailure } | { readonly overtaken: true }> {
  const present = view.rollouts.get(release) ?? null;
  const { revision, ...before } = present ?? { revision: null };
  const from = present === null ? null : (before as Rollout);
  const hasBudget = releasesOf(view).find(({ metadata }) => metadata.name === release)?.spec.budget !== undefined;
  const next = nextRecord(verb, { release, region: region.name, hasBudget }, from, new Date(ports.now()).toISOString());
  const key = `${region.keys.rollouts}${release}`;
  const change = {
    verb: IN_HISTORY[verb],
    kind: 'SidecarRelease',
    name: release,
    why: reason,
    from,
    to: next,
  } as const;
  const changes = [{ key, value: JSON.stringify(next) }, historyChange(ports, region, change)];
  const end = await inRegion(region, () => region.store.write([{ key, revision }], changes));
  if ('failure' in end) return end;
  return end.done.kind === 'written' ? { next } : { overtaken: true };
}

function movedMeanwhile(release: string, regions: readonly string[]): WeirError {
  return new WeirError('WEIR1609', {
    what: `${release} in ${regions.join(', ')} moved in the meantime; nothing was changed`,
    why: 'the leader or another operator wrote its record between reading and writing',
    hint: `see \`weir fleet rollout status ${release}\`, and say it again`,
  });
}

/** The record of a rollout after a verb; `from` is the one before, null when there is none. `now` is in ISO 8601. */
export function nextRecord(
  verb: RolloutVerb,
  { release, region, hasBudget }: { readonly release: string; readonly region: string; readonly hasBudget: boolean },
  from: Rollout | null,
  now: string,
): Rollout {
  const base: Rollout = from ?? { release, region, state: 'running', wave: 0, reason: null };
  switch (verb) {
    case 'start':
      // With a budget nobody may move before the leader lets the first ones in.
      return {
        ...{ release, region, state: 'running', wave: 0, reason: null, startedAt: now, since: now },
        allowed: hasBudget ? [] : null,
      };
    case 'pause':
      return { ...base, state: 'paused', reason: null };
    case 'resume':
      return { ...base, state: 'running', reason: null, since: now, heldSince: null };
    case 'promote':
      return { ...base, state: 'running', reason: null, skipGates: base.wave };
    case 'abort':
      return { ...base, state: 'aborted', reason: null };
    case 'undo':
      return { ...base, state: 'undoing', reason: null, since: now };
    default:
      return verb satisfies never;
  }
}

function rolloutRow(view: RegionView, name: string): RolloutRow {
  const unread = unreadRollout(view, name);
  if (unread !== undefined) {
    const reason = `its record cannot be read: ${unread.why}`;
    return { release: name, region: view.name, state: 'unknown', wave: null, reason, waves: [] };
  }
  const rollout = view.rollouts.get(name);
  const release = releasesOf(view).find(({ metadata }) => metadata.name === name);
  const waves = release === undefined ? [] : waveHosts(release, view.hosts.values(), rollout?.startedAt);
  // Of pods the leader says what it saw.
  const pods = release?.spec.pods === undefined ? null : (rollout?.pods ?? []);
  const count = (hosts: (typeof waves)[number]['hosts'], progress: string) =>
    hosts.filter((host) => host.progress === progress).length;
  return {
    release: name,
    region: view.name,
    state: rollout?.state ?? 'none',
    wave: rollout?.wave ?? null,
    reason: rollout?.reason ?? null,
    waves:
      pods ??
      waves.map(({ index, hosts }) => ({
        index,
        hosts: hosts.map((host) => host.name),
        done: count(hosts, 'done'),
        failed: count(hosts, 'failed'),
        pending: count(hosts, 'pending'),
        silent: count(hosts, 'silent'),
      })),
  };
}
