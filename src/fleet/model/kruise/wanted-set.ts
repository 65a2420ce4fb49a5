/** Which SidecarSet a release wants at this moment of its rollout. Pure. */
import { createHash } from 'node:crypto';
import { isDeepStrictEqual } from 'node:util';
import type { SidecarRelease } from '../object-schemas.ts';
import type { Rollout } from '../records.ts';
import type { PresentSet, SidecarImages } from './pods.ts';
import {
  CUSTOM_VERSION,
  HOST_CONTAINER,
  type Reach,
  reachOfWave,
  renderSidecarSet,
  type SidecarSet,
} from './sidecar-set.ts';

type Version = SidecarRelease['spec']['version'];

/** Annotation of a SidecarSet: when the rollout that it carries out was started, in ISO 8601. */
export const STARTED = 'weir.dev/started';
/** Annotation: the name of the version that the rollout brings. */
export const VERSION = 'weir.dev/version';
/** Annotation: the name of the version before, which an undo goes back to. */
export const FORMER = 'weir.dev/former';
/** Annotation: OpenKruise's custom version of the version before. */
const FORMER_CUSTOM = 'weir.dev/former-custom-version';

/** The SidecarSet, and the reach that it gives. */
export interface WantedSet {
  readonly document: SidecarSet;
  readonly reach: Reach;
  readonly images: SidecarImages;
  /** The version that the rollout brings, and the one before; null where there is none, or none is known. */
  readonly version: Version;
  readonly former: Version | null;
}

/**
 * The version that a rollout brings: what was applied since its start is not it. The record knows it, else the SidecarSet;
 * null when neither does, and it has begun to move.
 */
export function versionOfRollout(
  release: SidecarRelease,
  rollout: Rollout,
  present: PresentSet | null,
): Version | null {
  const known = present?.metadata.annotations ?? {};
  const standing = known[STARTED] === (rollout.startedAt ?? '') ? readVersion(known[VERSION]) : null;
  return rollout.version ?? standing ?? (rollout.wave === 0 ? release.spec.version : null);
}

/**
 * Null: nothing is to be written, because the release was never started, or what it wants is not known. A version is taken over when a rollout starts:
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
  const version = versionOfRollout(release, rollout, present);
  if (version === null) return null;
  // OpenKruise makes pods of a version before only while it has a SidecarSet that was there with it.
  const former = isKnown ? readVersion(known[FORMER]) : standingVersion(present);
  const back = former ?? rollout.former ?? null;
  const isBack = rollout.state === 'undoing' || rollout.state === 'undone';
  // Without a version before there is nothing to go back to.
  if (isBack && back === null) return null;
  const reach: Reach | null =
    isBack || rollout.state === 'done' ? { kind: 'partition', partition: '0%' } : reachOfWave(release, rollout.wave);
  if (reach === null) return null;
  const shown = isBack ? (back ?? version) : version;
  const pinned = { ...release, spec: { ...release.spec, version: shown } };
  const standingCustom = (isKnown ? known[FORMER_CUSTOM] : present?.metadata.labels?.[CUSTOM_VERSION]) ?? former?.name;
  const formerCustom = former === null ? null : (standingCustom ?? null);
  const custom = isBack ? (formerCustom ?? shown.name) : customVersion(version, former, formerCustom);
  const document = renderSidecarSet(pinned, reach, formerCustom, custom);
  const isPaused = rollout.state === 'paused' || rollout.state === 'stopped' || rollout.state === 'aborted';
  const spec = document.spec as { readonly updateStrategy: object };
  const annotations = {
    [STARTED]: started,
    [VERSION]: JSON.stringify(version),
    ...(former !== null && { [FORMER]: JSON.stringify(former), [FORMER_CUSTOM]: formerCustom }),
  };
  return {
    reach,
    images: shown,
    version,
    former: back,
    document: {
      ...document,
      metadata: { ...document.metadata, annotations },
      spec: { ...spec, updateStrategy: { ...spec.updateStrategy, paused: isPaused } },
    } as SidecarSet,
  };
}

/** The version that a SidecarSet has: that of its last rollout, or the one before, if that rollout was undone. */
function standingVersion(present: PresentSet | null): Version | null {
  const known = present?.metadata.annotations ?? {};
  const [version, former] = [readVersion(known[VERSION]), readVersion(known[FORMER])];
  const containers = present?.spec?.containers ?? [];
  const sidecar = containers.find(({ name }) => name !== HOST_CONTAINER);
  const host = containers.find(({ name }) => name === HOST_CONTAINER);
  const there = [sidecar?.image, sidecar?.upgradeStrategy?.hotUpgradeEmptyImage, host?.image];
  const isThere = (one: Version | null) =>
    one !== null && isDeepStrictEqual([one.image, one.emptyImage, one.hostImage], there);
  return !isThere(version) && isThere(former) ? former : version;
}

/**
 * OpenKruise knows what new pods get by this word alone: another version of the same name needs another one, and the same
 * containers have one.
 */
function customVersion(version: Version, former: Version | null, formerCustom: string | null): string {
  const images = ({ image, emptyImage, hostImage }: Version) => JSON.stringify([image, emptyImage, hostImage]);
  if (former === null || formerCustom === null) return version.name;
  if (images(version) === images(former)) return formerCustom;
  if (version.name !== formerCustom) return version.name;
  const hash = createHash('sha256').update(images(version)).digest('hex').slice(0, 8);
  // A value of a label has 63 characters at most.
  return `${version.name.slice(0, 54)}.${hash}`;
}

/**
 * Why a SidecarSet that is there cannot become another one; null when it can. OpenKruise 1.8 refuses a container that is new in it. One
 * that is taken away stays in running pods, which then take no new image, and it cannot be put back.
 */
export function whyNotInPlace(wanted: SidecarSet, present: PresentSet): string | null {
  const names = (one: Pick<PresentSet, 'spec'>) => new Set(one.spec?.containers?.map(({ name }) => name));
  const [own, there] = [names(wanted as Pick<PresentSet, 'spec'>), names(present)];
  if (there.size === 0) return null;
  const [added, gone] = [[...own.difference(there)], [...there.difference(own)]];
  if (added.length === 0 && gone.length === 0) return null;
  const change = [
    ...(added.length > 0 ? [`${added.join(', ')} would be new in it, which OpenKruise refuses`] : []),
    ...(gone.length > 0 ? [`${gone.join(', ')} would be taken out, and running pods would take no new image`] : []),
  ];
  const { name } = present.metadata;
  return `SidecarSet ${name} cannot get another set of containers: ${change.join('; ')}. Keep them as they were, or make a release with another name and another pods.selector, for pods that are made anew`;
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
