/** How the pods of a SidecarSet stand: which have the new version, which failed, and what a rollout waits for. Pure. */
import type { WaveHosts } from '../rollout-machine.ts';
import { HOST_CONTAINER, podsToMove, type Reach } from './sidecar-set.ts';

/** A pod, as far as it is looked at. */
export interface PodObject {
  readonly metadata: {
    readonly name: string;
    readonly namespace?: string;
    readonly labels?: Readonly<Record<string, string>>;
    readonly annotations?: Readonly<Record<string, string>>;
    readonly deletionTimestamp?: string;
  };
  readonly spec?: { readonly containers?: readonly { readonly name: string; readonly image?: string }[] };
  readonly status?: {
    readonly phase?: string;
    readonly conditions?: readonly Condition[];
    readonly containerStatuses?: readonly {
      readonly name: string;
      readonly ready?: boolean;
      readonly image?: string;
      readonly imageID?: string;
      readonly state?: { readonly waiting?: { readonly reason?: string; readonly message?: string } };
    }[];
  };
}

interface Condition {
  readonly type: string;
  readonly status: string;
  readonly reason?: string;
  readonly message?: string;
}

/** A SidecarSet as the cluster has it, as far as it is looked at. */
export interface PresentSet {
  readonly metadata: {
    readonly name: string;
    readonly generation?: number;
    readonly labels?: Readonly<Record<string, string>>;
    readonly annotations?: Readonly<Record<string, string>>;
  };
  readonly spec?: {
    readonly containers?: readonly {
      readonly name: string;
      readonly image?: string;
      readonly upgradeStrategy?: { readonly upgradeType?: string; readonly hotUpgradeEmptyImage?: string };
    }[];
  };
  readonly status?: { readonly observedGeneration?: number };
}

/** The images of a version: of the sidecar, of its idle container, and of the container that follows the fleet. */
export interface SidecarImages {
  readonly image?: string | undefined;
  readonly emptyImage?: string | undefined;
  readonly hostImage?: string | undefined;
}

/** One pod of a release. */
export interface PodState {
  readonly name: string;
  /** It was moved to the present version of the SidecarSet. */
  readonly isUpdated: boolean;
  /** And all its containers run what they should: the hot upgrade is over, one container has the image, the other one is empty. */
  readonly isSettled: boolean;
  /** What is missing until then; null for a pod that was not moved, and for one that is settled. */
  readonly unsettled: string | null;
  readonly isReady: boolean;
  readonly labels: Readonly<Record<string, string>>;
  /** Why its sidecar does not come up. */
  readonly error: string | null;
  /** Why OpenKruise cannot upgrade it in place. */
  readonly stuck: string | null;
  /** Containers of the SidecarSet that it was made without: OpenKruise does not look at such a pod. */
  readonly missing: readonly string[];
}

const HASH = 'kruise.io/sidecarset-hash';
/** What OpenKruise noted of the containers whose images it changed: their `imageID` of before, by SidecarSet. */
const IN_PLACE = 'kruise.io/sidecarset-inplace-update-state';
/** Reasons for which a container waits that do not pass by themselves. */
const FAILED = new Set([
  ...['CrashLoopBackOff', 'ErrImagePull', 'ImagePullBackOff', 'InvalidImageName', 'CreateContainerConfigError'],
  ...['CreateContainerError', 'RunContainerError', 'PostStartHookError'],
]);

/** The pods that have the sidecar of a SidecarSet; those that were made without it are left out. */
export function podStates(
  set: PresentSet,
  container: string,
  pods: readonly PodObject[],
  images: SidecarImages,
): readonly PodState[] {
  const wanted = set.metadata.annotations?.[HASH];
  return pods.flatMap((pod): PodState[] => {
    const { name, namespace, labels = {}, annotations, deletionTimestamp } = pod.metadata;
    const hash = hashOf(annotations?.[HASH], set.metadata.name);
    if (hash === null || deletionTimestamp !== undefined) return [];
    if (pod.status?.phase === 'Succeeded' || pod.status?.phase === 'Failed') return [];
    const isReady = pod.status?.conditions?.some(({ type, status }) => type === 'Ready' && status === 'True') === true;
    const upgradable = pod.status?.conditions?.find(({ type }) => type === 'SidecarSetUpgradable');
    const missing = missingContainers(set, pod);
    const stuck =
      missing.length > 0
        ? `it was made without ${missing.join(', ')}, and OpenKruise looks at pods that have all containers of the SidecarSet`
        : upgradable?.status === 'False'
          ? `SidecarSetUpgradable=False: ${upgradable.reason ?? ''} ${upgradable.message ?? ''}`.trim()
          : null;
    const isUpdated = wanted !== undefined && hash === wanted;
    const unsettled = isUpdated ? whyUnsettled(pod, set.metadata.name, container, images) : null;
    const isSettled = isUpdated && unsettled === null;
    const own = `${namespace ?? 'default'}/${name}`;
    const error = errorOf(pod, container);
    const left = isUpdated && error !== null ? leftOver(pod, container, images) : null;
    return [{ name: own, isUpdated, isSettled, unsettled, isReady, labels, error: left ?? error, stuck, missing }];
  });
}

/** The pods of a wave and of those before it as hosts of the machine of waves: updated ones, and those that are still due. */
export function podWave(wave: number, reach: Reach, pods: readonly PodState[]): WaveHosts {
  const updated = pods.filter(({ isUpdated }) => isUpdated);
  const others = pods.filter(({ isUpdated }) => !isUpdated);
  const due =
    reach.kind === 'selector'
      ? others.filter(({ labels }) => Object.entries(reach.labels).every(([key, value]) => labels[key] === value))
      : others.slice(0, Math.max(0, podsToMove(reach.partition, pods.length) - updated.length));
  return {
    index: wave,
    hosts: [
      ...updated.map(({ name, isReady, isSettled, error }) => ({
        ...{ name, error, hasRelease: true },
        progress:
          error !== null ? ('failed' as const) : isReady && isSettled ? ('done' as const) : ('pending' as const),
      })),
      ...due.map(({ name, error }) => ({ name, error, hasRelease: false, progress: 'pending' as const })),
    ],
  };
}

/** The same for an undo: `isUpdated` speaks of the former version, to which all pods have to come back. */
export function podsLeft(wave: number, pods: readonly PodState[]): WaveHosts {
  return {
    index: wave,
    hosts: pods.map(({ name, isSettled, error }) => ({
      name,
      error,
      hasRelease: !isSettled,
      progress: isSettled ? ('done' as const) : ('pending' as const),
    })),
  };
}

/** Whether OpenKruise has looked at a SidecarSet since it was changed. */
export function isLookedAt({ metadata: { generation = 0 }, status }: PresentSet): boolean {
  return (status?.observedGeneration ?? 0) >= generation;
}

/** Why nothing moves; null when it does, or when it cannot be told. */
export function whyHanging(set: PresentSet, pods: readonly PodState[], maxUnavailable: number): string | null {
  if (!isLookedAt(set)) {
    return 'OpenKruise has not looked at the SidecarSet since it was changed: see whether kruise-controller-manager runs';
  }
  const failed = pods.find(({ error }) => error !== null);
  if (failed !== undefined) return `${failed.name}: ${failed.error}`;
  const stuck = pods.find((pod) => pod.stuck !== null && !pod.isUpdated);
  if (stuck !== undefined) return `${stuck.name} cannot be upgraded in place: ${stuck.stuck}`;
  const unready = pods.filter(({ isReady, isUpdated }) => isUpdated && !isReady);
  if (unready.length >= maxUnavailable && unready.length > 0) {
    return `${unready.length} pods that are not ready use up maxUnavailable (${maxUnavailable}): ${unready[0]?.name}`;
  }
  return null;
}

/**
 * OpenKruise 1.8 does not take a container back whose image never came up: it keeps the image, counts as the working one, and
 * the pod is not ready. Emptied by hand, OpenKruise empties the other one too, which serves.
 */
function leftOver(pod: PodObject, container: string, { image, emptyImage }: SidecarImages): string | null {
  const waiting = (pod.status?.containerStatuses ?? [])
    .filter(({ name, state }) => name.startsWith(`${container}-`) && state?.waiting !== undefined)
    .map(({ name }) => name);
  const strange = pod.spec?.containers?.find(
    (one) => waiting.includes(one.name) && one.image !== image && one.image !== emptyImage,
  );
  if (strange === undefined) return null;
  return `container ${strange.name} keeps ${strange.image}, which OpenKruise does not take back: delete the pod, so that it is made anew (do not empty that container: OpenKruise then empties the one that serves too)`;
}

/** The containers of a SidecarSet that a pod does not have; none where the containers of one of them are not known. */
function missingContainers(set: PresentSet, { spec }: PodObject): readonly string[] {
  const there = spec?.containers?.map(({ name }) => name);
  if (there === undefined) return [];
  const own = (set.spec?.containers ?? []).flatMap(({ name, upgradeStrategy }) =>
    upgradeStrategy?.upgradeType === 'HotUpgrade' ? [`${name}-1`, `${name}-2`] : [name],
  );
  return own.filter((name) => !there.includes(name));
}

/** Images are written into a pod at once; the kubelet starts the containers with them when it gets to it. */
function whyUnsettled(pod: PodObject, set: string, container: string, images: SidecarImages): string | null {
  const { image, emptyImage, hostImage } = images;
  const hot = [`${container}-1`, `${container}-2`];
  const own = hostImage === undefined ? hot : [...hot, HOST_CONTAINER];
  const there = (pod.spec?.containers ?? []).filter(({ name }) => own.includes(name));
  const inTurns = there.flatMap((one) => (hot.includes(one.name) ? [one.image] : []));
  if (inTurns.length > 0 && JSON.stringify(inTurns.sort()) !== JSON.stringify([image, emptyImage].sort()))
    return 'its hot upgrade is not over';
  const host = there.find(({ name }) => name === HOST_CONTAINER);
  if (host !== undefined && host.image !== hostImage) return `container ${HOST_CONTAINER} has not got its image`;
  const before = changedInPlace(pod, set);
  if (before === null) return 'what OpenKruise noted of its images cannot be read';
  const statuses = pod.status?.containerStatuses ?? [];
  const untold = there.find((one) => !statuses.some(({ name }) => name === one.name));
  if (untold !== undefined) return `of container ${untold.name} its kubelet has said nothing yet`;
  for (const { name, ready, state, image: running, imageID } of statuses) {
    if (!own.includes(name)) continue;
    if (ready === false || state?.waiting !== undefined) return `container ${name} is not ready`;
    // As OpenKruise judges: names of images are written in more than one way, so a changed id is enough.
    const isOld = imageID !== undefined && before[name] === imageID;
    if (isOld && there.find((one) => one.name === name)?.image !== running)
      return `container ${name} does not run its new image yet`;
  }
  return null;
}

/** The image ids that containers had when OpenKruise changed their images last; null where its note cannot be read. */
function changedInPlace({ metadata }: PodObject, set: string): Readonly<Record<string, string | undefined>> | null {
  const text = metadata.annotations?.[IN_PLACE];
  if (text === undefined) return {};
  try {
    const last: Record<string, { imageID?: string }> = JSON.parse(text)[set]?.lastContainerStatuses ?? {};
    return Object.fromEntries(Object.entries(last).map(([name, { imageID }]) => [name, imageID]));
  } catch {
    return null;
  }
}

function errorOf(pod: PodObject, container: string): string | null {
  for (const { name, state } of pod.status?.containerStatuses ?? []) {
    const reason = state?.waiting?.reason;
    const isOwn = name.startsWith(`${container}-`) || name === HOST_CONTAINER;
    if (!isOwn || reason === undefined || !FAILED.has(reason)) continue;
    return `container ${name}: ${reason}${state?.waiting?.message === undefined ? '' : `: ${state.waiting.message}`}`;
  }
  return null;
}

function hashOf(text: string | undefined, set: string): string | null {
  if (text === undefined) return null;
  try {
    const own = JSON.parse(text)[set];
    return typeof own === 'string' ? own : typeof own?.hash === 'string' ? own.hash : null;
  } catch {
    return null;
  }
}
