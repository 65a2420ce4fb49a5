/** Which SidecarSet a release wants at this moment of its rollout. Pure. */
import { isDeepStrictEqual } from 'node:util';
import type { SidecarRelease } from '../object-schemas.ts';
import type { Rollout } from '../records.ts';
import type { PresentSet } from './pods.ts';
import { type Reach, reachOfWave, renderSidecarSet, type SidecarSet } from './sidecar-set.ts';

type Version = SidecarRelease['spec']['version'];

/** Annotation of a SidecarSet: when the rollout that it carries out was started, in ISO 8601. */
export const STARTED = 'weir.dev/started';
/** Annotation: the name of the version that the rollout brings. */
export const VERSION = 'weir.dev/version';
/** Annotation: the name of the version before, which an undo goes back to. */
export const FORMER = 'weir.dev/former';

/** The SidecarSet, and the reach that it gives. */
export interface WantedSet {
  readonly document: SidecarSet;
  readonly reach: Reach;
  /** Its image, and the empty one. */
  readonly images: readonly (string | undefined)[];
}

/**
 * Null: nothing is to be written, because the release was never started. A version is taken over when a rollout starts:
 * another one that is applied later moves nothing. An undo writes the former version with partition 0 at once, or the
 * pods that moved would stay as they are.
 */
export function wantedSet(
  release: SidecarRelease,
  rollout: Rollout | null,
  present: PresentSet | null,
): WantedSet | null {
  if (rollout === null) return null;
  const started = rollout.startedAt ?? '';
  const known = present?.metadata.annotations ?? {};
  const isKnown = known[STARTED] === started;
  const standing = readVersion(known[VERSION]);
  const former = isKnown ? readVersion(known[FORMER]) : standing;
  const version = isKnown ? (standing ?? release.spec.version) : release.spec.version;
  const isBack = rollout.state === 'undoing' || rollout.state === 'undone';
  // Without a version before there is nothing to go back to.
  if (isBack && former === null) return null;
  const reach: Reach | null =
    isBack || rollout.state === 'done' ? { kind: 'partition', partition: '0%' } : reachOfWave(release, rollout.wave);
  if (reach === null) return null;
  const shown = isBack ? (former ?? version) : version;
  const pinned = { ...release, spec: { ...release.spec, version: shown } };
  const document = renderSidecarSet(pinned, reach, former?.name ?? null);
  const isPaused = rollout.state === 'paused' || rollout.state === 'stopped' || rollout.state === 'aborted';
  const spec = document.spec as { readonly updateStrategy: object };
  const annotations = {
    [STARTED]: started,
    [VERSION]: JSON.stringify(version),
    ...(former !== null && { [FORMER]: JSON.stringify(former) }),
  };
  return {
    reach,
    images: [shown.image, shown.emptyImage],
    document: {
      ...document,
      metadata: { ...document.metadata, annotations },
      spec: { ...spec, updateStrategy: { ...spec.updateStrategy, paused: isPaused } },
    } as SidecarSet,
  };
}

/** Whether a present object has all that is wanted, and none of the fields that weir sets at other moments. */
export function isAsWanted(wanted: SidecarSet, present: unknown): boolean {
  if (!isPart(wanted, present)) return false;
  const strategies = (one: unknown) =>
    (one as { spec?: { updateStrategy?: object; injectionStrategy?: { revision?: unknown } } }).spec;
  const [own, there] = [strategies(wanted), strategies(present)];
  const has = (strategy: object | undefined, key: string) =>
    (strategy as Record<string, unknown> | undefined)?.[key] !== undefined;
  return (
    has(own?.updateStrategy, 'selector') === has(there?.updateStrategy, 'selector') &&
    (own?.injectionStrategy?.revision !== undefined) === (there?.injectionStrategy?.revision !== undefined)
  );
}

/** Whether all of `part` is in `whole`; lists have to be as long. OpenKruise leaves out what is false or empty. */
function isPart(part: unknown, whole: unknown): boolean {
  if (whole === undefined && (part === false || part === '')) return true;
  if (Array.isArray(part)) {
    return (
      Array.isArray(whole) && part.length === whole.length && part.every((one, index) => isPart(one, whole[index]))
    );
  }
  if (typeof part !== 'object' || part === null) return isDeepStrictEqual(part, whole);
  if (typeof whole !== 'object' || whole === null) return false;
  return Object.entries(part).every(
    ([key, value]) => value === undefined || isPart(value, (whole as Record<string, unknown>)[key]),
  );
}

function readVersion(text: string | undefined): Version | null {
  if (text === undefined) return null;
  try {
    return JSON.parse(text) as Version;
  } catch {
    return null;
  }
}
