/** The regions of a fleet as commands work on them, and what all of them need. */
import { WeirError } from '../../errors/weir-error.ts';
import { nearestWord } from '../../mesh/nearest-word.ts';
import type { ConfigProblem } from '../../mesh/yaml/config-problem.ts';
import type { RegionKeys } from '../model/keys.ts';
import { type RegionView, viewPrefixes, viewRegion } from '../model/region-view.ts';
import type { PodsPort } from '../operator/cluster-port.ts';
import { type FleetStore, StoreFailure } from '../ports.ts';

/** A region with its store. */
export interface Region {
  readonly name: string;
  readonly keys: RegionKeys;
  readonly kind: 'etcd' | 'kubernetes';
  readonly store: FleetStore;
  /** Pods and SidecarSets; on Kubernetes only. */
  readonly cluster?: PodsPort;
}

/** What the use cases need of the world. */
export interface FleetPorts {
  readonly regions: readonly Region[];
  readonly file: string;
  /** Who asks: `$WEIR_BY`, else user@host. */
  readonly by: string;
  /** Milliseconds since 1970 by this machine's wall clock: for what is written, and read by others. */
  now(): number;
  /** Milliseconds on a clock that nobody sets: for every wait. */
  monotonic(): number;
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
  /** A writer's name that no other process has, for keys of history. */
  readonly writer: string;
}

/** A region that answered, or why it did not. */
export type RegionReading =
  | { readonly region: Region; readonly view: RegionView }
  | { readonly region: Region; readonly error: string; readonly fate: StoreFailure['fate'] };

/** The regions that a command is for: all, or the ones named. Throws WEIR1606. */
export function regionsNamed(ports: FleetPorts, names: readonly string[] | undefined): readonly Region[] {
  if (names === undefined || names.length === 0) return ports.regions;
  const known = ports.regions.map(({ name }) => name);
  return [...new Set(names)].map((name) => {
    const region = ports.regions.find((one) => one.name === name);
    if (region === undefined) throw unknownName('region', name, known, ports.file);
    return region;
  });
}

/** Reads regions side by side, whole or only some prefixes; a region that does not answer is an answer of its own. */
export async function readRegions(
  regions: readonly Region[],
  prefixes: (keys: RegionKeys) => readonly string[] = viewPrefixes,
): Promise<RegionReading[]> {
  return await Promise.all(
    regions.map(async (region): Promise<RegionReading> => {
      try {
        return { region, view: viewRegion(region.name, await region.store.list(prefixes(region.keys))) };
      } catch (error) {
        if (!(error instanceof StoreFailure)) throw error;
        return { region, error: error.message, fate: error.fate };
      }
    }),
  );
}

/** The regions that answered. Throws WEIR1603 when none did. */
export function requireSome(readings: readonly RegionReading[]): readonly { region: Region; view: RegionView }[] {
  const answered = readings.filter((reading) => 'view' in reading);
  if (answered.length > 0 || readings.length === 0) return answered;
  throw unreachable(unreadOf(readings));
}

/** The regions that did not answer. */
export function unreadOf(readings: readonly RegionReading[]): readonly RegionFailure[] {
  return readings.flatMap((reading) => ('error' in reading ? [reading] : []));
}

/** A region whose store failed, and what that says of the request. */
export interface RegionFailure {
  readonly region: Region;
  readonly error: string;
  readonly fate: StoreFailure['fate'];
}

/** Carries work out in a region. A failure of its store is an answer; any other error is thrown. */
export async function inRegion<T>(
  region: Region,
  work: () => Promise<T>,
): Promise<{ readonly done: T } | { readonly failure: RegionFailure }> {
  try {
    return { done: await work() };
  } catch (error) {
    if (!(error instanceof StoreFailure)) throw error;
    return { failure: { region, error: error.message, fate: error.fate } };
  }
}

/** The error for regions of which none could be read: nothing was sent that changes anything. */
export function unreachable(failures: readonly RegionFailure[]): WeirError {
  return nothingDone('no region could be read', failures);
}

/** The error for a name that was not found, where a part of what may have it could not be read. */
export function notAllRead(name: string, failures: readonly RegionFailure[]): WeirError {
  return nothingDone(`${name} was not found, and not everything could be read`, failures);
}

/**
 * The error for writes that failed: WEIR1604 (exit 6) as soon as one of them may still be carried out, else WEIR1603
 * (exit 3). `change` names what was to be written, with its article.
 */
export function writeFailed(
  failures: readonly RegionFailure[],
  change: string,
  parts: { readonly unread?: readonly RegionFailure[]; readonly details?: unknown } = {},
): WeirError {
  const unsure = failures.filter(({ fate }) => fate === 'unknown');
  if (unsure.length === 0) return nothingDone(`no region took ${change}`, [...(parts.unread ?? []), ...failures]);
  return new WeirError('WEIR1604', {
    what: `whether ${change} was written is not known in ${unsure.map(({ region }) => region.name).join(', ')}`,
    why: unsure.map(({ region, error }) => `${region.name}: ${error}`).join('; '),
    hint: 'run the command again when the store answers; `weir off` and off.sh work on each host without it',
    details: parts.details,
  });
}

function nothingDone(what: string, failures: readonly RegionFailure[]): WeirError {
  // Waiting helps against a store that is away, and not against a right, a name or a file.
  const next = failures.every(({ fate }) => fate === 'refused')
    ? 'mend what is named there (rights, fleet.yaml, or a file that it names) and run the command again'
    : '`weir fleet status` shows when a region is back';
  return new WeirError('WEIR1603', {
    what: `${what}: ${failures.map(({ region }) => region.name).join(', ')}; nothing was changed`,
    why: failures
      .map(({ region, error }) => `${region.name} (${region.store.place}): ${saidOf(region, error)}`)
      .join('; '),
    hint: `on each host \`weir off APP\` and off.sh work without a store; ${next}`,
    details: { regions: failures.map(({ region, error }) => ({ name: region.name, reachable: false, error })) },
  });
}

/** Stores begin what they say with their place. */
function saidOf({ store: { place } }: Region, error: string): string {
  return error.startsWith(`${place}: `) ? error.slice(place.length + 2) : error;
}

/** The error for a name that nobody knows. */
export function unknownName(what: string, name: string, known: readonly string[], where: string): WeirError {
  const near = nearestWord(name, known);
  const shown = known.slice(0, 12).join(', ');
  return new WeirError('WEIR1606', {
    what: `there is no ${what} ${name}`,
    why: known.length === 0 ? `${where} knows none` : `${where} knows ${shown}${known.length > 12 ? ', ...' : ''}`,
    hint: near === null ? '`weir fleet status` lists what there is' : `did you mean ${near}?`,
    details: { [what]: name, known: known.slice(0, 100) },
  });
}

/** The error for mistakes in a file, with all of them. */
export function fleetMistakes(problems: readonly ConfigProblem[]): WeirError {
  const [first] = problems;
  if (first === undefined) throw new TypeError('a file without problems is no error');
  const more = problems.length - 1;
  const suffix = more === 0 ? '' : ` (and ${more} more ${more === 1 ? 'problem' : 'problems'})`;
  return new WeirError('WEIR1601', {
    what: `${first.what}${suffix}`,
    why: first.why,
    hint: first.hint,
    location: { file: first.file, line: first.line, column: first.column },
    details: { problems: problems.slice(0, 200), total: problems.length },
  });
}
