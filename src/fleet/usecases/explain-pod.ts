/** Why a pod's sidecar is as it is: the releases that select it, what OpenKruise did to it, what its rollout waits for. */
import { type PodObject, type PodState, type PresentSet, podStates, whyHanging } from '../model/kruise/pods.ts';
import { containerName, sidecarSetName } from '../model/kruise/sidecar-set.ts';
import { isAsWanted, wantedSet, whyNotInPlace } from '../model/kruise/wanted-set.ts';
import type { SidecarRelease } from '../model/object-schemas.ts';
import type { Rollout } from '../model/records.ts';
import { type RegionView, releasesOf } from '../model/region-view.ts';
import type { PodsPort } from '../operator/cluster-port.ts';
import type { ExplainedHost } from './explained.ts';

const MADE_ANEW = 'its controller makes it anew, with the sidecar';

type Sidecar = ExplainedHost['sidecars'][number];

/** What one release makes of the pod. */
interface Verdict {
  readonly sidecar: Sidecar;
  readonly rollout: ExplainedHost['rollouts'][number] | null;
  /** Null: nothing is to be said. */
  readonly reason: string | null;
  readonly isWrong: boolean;
  readonly next: string | null;
}

/** Explains each pod of that name; `namespace/name` is one pod. Rejects with `StoreFailure`. */
export async function explainPods(cluster: PodsPort, view: RegionView, name: string): Promise<ExplainedHost[]> {
  const slash = name.indexOf('/');
  const namespace = slash === -1 ? null : name.slice(0, slash);
  const found = await cluster.podsNamed(name.slice(slash + 1), namespace);
  if (found.length === 0) return [];
  const sets = await cluster.sidecarSets();
  return await Promise.all(found.map((pod) => explainPod({ cluster, view, sets }, pod)));
}

interface Seen {
  readonly cluster: PodsPort;
  readonly view: RegionView;
  readonly sets: ReadonlyMap<string, PresentSet>;
}

async function explainPod(seen: Seen, pod: PodObject): Promise<ExplainedHost> {
  const { view } = seen;
  const releases = releasesOf(view).filter((release) => isFor(release, pod));
  const verdicts = await Promise.all(releases.map((release) => judge(seen, release, pod)));
  const wrong = verdicts.find(({ isWrong }) => isWrong);
  const unread = view.objects.filter(({ kind, reading }) => kind === 'SidecarRelease' && 'error' in reading);
  const nobody =
    unread.length === 0 ? 'no release of this region selects it' : 'no release that can be read selects it';
  return {
    name: nameOf(pod),
    region: view.name,
    state: wrong === undefined ? 'ok' : 'differs',
    reason:
      verdicts.length === 0 ? nobody : ((wrong ?? verdicts.find(({ reason }) => reason !== null))?.reason ?? null),
    ageMs: null,
    apps: [],
    sidecars: verdicts.map(({ sidecar }) => sidecar),
    rollouts: verdicts.flatMap(({ rollout }) => (rollout === null ? [] : [rollout])),
    errors: unread.flatMap(({ name, reading }) =>
      'error' in reading
        ? [{ object: `SidecarRelease/${name}`, code: 'WEIR1600' as const, message: reading.error }]
        : [],
    ),
    next: wrong?.next ?? null,
  };
}

function isFor({ spec: { pods } }: SidecarRelease, { metadata }: PodObject): boolean {
  if (pods === undefined) return false;
  if (pods.namespaces !== undefined && !pods.namespaces.includes(metadata.namespace ?? 'default')) return false;
  return Object.entries(pods.selector).every(([key, value]) => metadata.labels?.[key] === value);
}

async function judge({ cluster, view, sets }: Seen, release: SidecarRelease, pod: PodObject): Promise<Verdict> {
  const { name } = release.metadata;
  const { sidecar, pods, budget, version } = release.spec;
  const record = view.rollouts.get(name) ?? null;
  const set = sets.get(sidecarSetName(name)) ?? null;
  const wanted = wantedSet(release, record, set);
  const images = wanted?.images ?? version;
  const all = await cluster.pods(pods?.selector ?? {}, pods?.namespaces ?? null);
  const states = set === null ? [] : podStates(set, containerName(sidecar), all, images);
  const own = states.find((one) => one.name === nameOf(pod)) ?? null;
  const rollout = record === null ? null : { ...rolloutRow(record), ownWave: waveOfPod(release, pod) };
  const row: Sidecar = {
    ...{ name: sidecar, state: stateOf(own), version: runningImage(pod, containerName(sidecar), images.emptyImage) },
    ...{ release: own?.isUpdated === true ? name : null, wave: record?.wave ?? null },
    ...{ outcome: own?.isSettled === true ? 'settled' : null, error: own?.error ?? own?.stuck ?? null },
  };
  const said = { sidecar: row, rollout };
  if (record === null) return { ...said, reason: `${name} was never started`, isWrong: false, next: null };
  // The operator writes its SidecarSet a moment after each step of the rollout: what stops the pod itself comes first.
  if (own !== null && own.error !== null)
    return { ...said, reason: own.error, isWrong: true, next: kubectl('describe', pod) };
  const fixed = set === null || wanted === null ? null : whyNotInPlace(wanted.document, set);
  if (fixed !== null) {
    const isWrong = record.state !== 'aborted';
    const next = `weir fleet rollout status ${name}`;
    return { ...said, reason: `its rollout is ${record.state}: ${fixed}`, isWrong, next: isWrong ? next : null };
  }
  if (set === null || (wanted !== null && !isAsWanted(wanted.document, set))) {
    const what =
      set === null
        ? `there is no SidecarSet ${sidecarSetName(name)}`
        : `SidecarSet ${sidecarSetName(name)} is not as wave ${record.wave} of the ${record.state} rollout wants it`;
    const condition = await cluster.condition('sidecarreleases', name);
    const why = condition?.status === false ? condition.message : 'no operator has written it yet';
    const next = `see whether \`weir operator run --region ${view.name}\` runs, and what it says`;
    return { ...said, reason: `${what}: ${why}`, isWrong: true, next };
  }
  if (own === null) return { ...said, ...withoutSidecar(pod, set) };
  const hanging = whyHanging(set, states, budget?.maxUnavailable ?? 1);
  return { ...said, ...standing(pod, own, { record, release, states, hanging }) };
}

/** A pod that has no sidecar of the release although the release selects it. */
function withoutSidecar(pod: PodObject, set: PresentSet): Omit<Verdict, 'sidecar' | 'rollout'> {
  if (pod.metadata.deletionTimestamp !== undefined)
    return { reason: 'it is being deleted', isWrong: false, next: null };
  const { phase } = pod.status ?? {};
  if (phase === 'Succeeded' || phase === 'Failed') return { reason: 'it has ended', isWrong: false, next: null };
  const reason = `it has no sidecar of SidecarSet ${set.metadata.name}: OpenKruise injects one when a pod is made, and this one was made without`;
  return { reason, isWrong: true, next: `${kubectl('delete', pod)}: ${MADE_ANEW}` };
}

interface Moment {
  readonly record: Rollout;
  readonly release: SidecarRelease;
  readonly states: readonly PodState[];
  readonly hanging: string | null;
}

function standing(pod: PodObject, own: PodState, moment: Moment): Omit<Verdict, 'sidecar' | 'rollout'> {
  const { record, release, states, hanging } = moment;
  const status = `weir fleet rollout status ${release.metadata.name}`;
  if (!own.isUpdated && own.stuck !== null)
    return { reason: `it cannot be upgraded in place: ${own.stuck}`, isWrong: true, next: remedy(own, pod) };
  if (own.isUpdated) {
    if (own.isReady && own.isSettled) return { reason: null, isWrong: false, next: null };
    const reason = own.isReady ? own.unsettled : 'it has the new sidecar and is not ready';
    return { reason, isWrong: !own.isReady, next: own.isReady ? null : kubectl('describe', pod) };
  }
  const why = record.reason === null ? '' : `: ${record.reason}`;
  const moved = `${states.filter(({ isUpdated }) => isUpdated).length} of ${states.length} pods have moved`;
  switch (record.state) {
    case 'running':
    case 'undoing': {
      if (hanging !== null) return { reason: `its rollout hangs: ${hanging}`, isWrong: true, next: status };
      const reason = `its turn has not come: the rollout is ${record.state}, wave ${record.wave} of ${release.spec.waves.length}, ${moved}`;
      return { reason, isWrong: false, next: null };
    }
    case 'stopped':
      return { reason: `its rollout is stopped${why}`, isWrong: true, next: status };
    case 'paused':
    case 'aborted':
      return { reason: `its rollout is ${record.state}${why}; ${moved}`, isWrong: false, next: null };
    case 'done':
    case 'undone': {
      const reason = `the rollout is ${record.state}, and this pod has not moved${hanging === null ? '' : `: ${hanging}`}`;
      return { reason, isWrong: true, next: kubectl('describe', pod) };
    }
    default:
      return record.state satisfies never;
  }
}

/** What helps a pod that cannot be upgraded in place. */
function remedy({ missing }: PodState, pod: PodObject): string {
  return missing.length === 0 ? kubectl('describe', pod) : `${kubectl('delete', pod)}: ${MADE_ANEW}`;
}

function rolloutRow({ release, state, wave, reason }: Rollout) {
  return { release, state, wave, reason };
}

/** Null where OpenKruise chooses: a share of the pods has no names. */
function waveOfPod({ spec: { waves } }: SidecarRelease, { metadata }: PodObject): number | null {
  const index = waves.findIndex(({ labels, percent }) => {
    if (labels === undefined || percent !== undefined) return false;
    return Object.entries(labels).every(([key, value]) => metadata.labels?.[key] === value);
  });
  return index === -1 ? null : index + 1;
}

function stateOf(own: PodState | null): string {
  if (own === null) return 'none';
  if (own.error !== null) return 'failed';
  if (!own.isReady) return 'starting';
  return own.isUpdated && !own.isSettled ? 'upgrading' : 'live';
}

/** The image of the container that is not the empty one of a hot upgrade; null when both or none are. */
function runningImage({ spec }: PodObject, container: string, empty: string | undefined): string | null {
  const own = (spec?.containers ?? []).filter(({ name }) => name === `${container}-1` || name === `${container}-2`);
  const images = own.flatMap(({ image }) => (image === undefined || image === empty ? [] : [image]));
  return images.length === 1 ? (images[0] ?? null) : null;
}

function nameOf({ metadata: { name, namespace } }: PodObject): string {
  return `${namespace ?? 'default'}/${name}`;
}

function kubectl(verb: 'describe' | 'delete', { metadata: { name, namespace } }: PodObject): string {
  return `kubectl ${verb} pod -n ${namespace ?? 'default'} ${name}`;
}
