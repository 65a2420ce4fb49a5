/** A release on Kubernetes, carried out: its SidecarSet as the rollout wants it, its waves by what the pods are like. */
import {
  isLookedAt,
  type PodState,
  type PresentSet,
  podStates,
  podsLeft,
  podWave,
  whyHanging,
} from '../model/kruise/pods.ts';
import { containerName, sidecarSetName, whyNotForPods } from '../model/kruise/sidecar-set.ts';
import { isAsWanted, versionOfRollout, type WantedSet, wantedSet, whyNotInPlace } from '../model/kruise/wanted-set.ts';
import type { ReleaseGate, SidecarRelease } from '../model/object-schemas.ts';
import type { Rollout } from '../model/records.ts';
import type { RegionView } from '../model/region-view.ts';
import { type GateAnswer, gatesToAsk, stepRollout, type WaveHosts } from '../model/rollout-machine.ts';
import { StoreFailure } from '../ports.ts';
import type { ClusterLeaderPorts } from './cluster-leader-ports.ts';
import type { ClusterPort } from './cluster-port.ts';
import { writeRollout } from './lead-region.ts';
import type { ObjectTeller } from './object-teller.ts';
import type { WaveWatch } from './wave-watch.ts';

/** The SidecarSets of weir, by name. */
export type SidecarSets = Awaited<ReturnType<ClusterPort['sidecarSets']>>;

/** A rollout and the revision of its record. */
interface Recorded {
  readonly rollout: Rollout;
  readonly revision: string;
}

function moves({ state }: Pick<Rollout, 'state'>): boolean {
  return state === 'running' || state === 'undoing';
}

/** The part of a leader that works on releases. */
export class ReleaseWork {
  readonly #ports: ClusterLeaderPorts;
  readonly #teller: ObjectTeller;
  readonly #waveWatch: WaveWatch;
  readonly #onWritten: () => void;

  /** `onWritten`: a record is another one, and wants another look. */
  constructor(ports: ClusterLeaderPorts, teller: ObjectTeller, waveWatch: WaveWatch, onWritten: () => void) {
    this.#ports = ports;
    this.#teller = teller;
    this.#waveWatch = waveWatch;
    this.#onWritten = onWritten;
  }

  /** One look at a release for pods; resolves to whether its rollout moves. Rejects with `StoreFailure`. */
  async release(release: SidecarRelease, view: RegionView, sets: () => Promise<SidecarSets>): Promise<boolean> {
    const { name } = release.metadata;
    const why = whyNotForPods(release);
    if (why !== null) {
      await this.#teller.condition('sidecarreleases', name, 'Refused', why, false);
      return false;
    }
    const record = view.rollouts.get(name) ?? null;
    if (record === null) return false;
    const { revision, ...rollout } = record;
    try {
      return await this.#carryOut(release, { rollout, revision }, sets);
    } catch (error) {
      if (error instanceof StoreFailure && error.fate !== 'not-sent')
        await this.#hangs(release, { rollout, revision }, error.message).catch(() => undefined);
      throw error;
    }
  }

  /** `fleet apply` brings releases for hosts into every region: one that was started here as well says why nothing moves. */
  async forHosts(release: SidecarRelease, { rollouts }: RegionView): Promise<void> {
    const record = rollouts.get(release.metadata.name);
    if (record === undefined || !moves(record)) return;
    const { revision, ...rollout } = record;
    const why = 'it is for hosts (pods.selector is missing), and the operator of a cluster moves releases for pods';
    await this.#teller.apart(`sidecarreleases/${rollout.release}`, () =>
      this.#hangs(release, { rollout, revision }, why),
    );
  }

  /** Objects that cannot be read, as those of a newer weir: what was made of them stays as it is. */
  async tellUnread({ objects, rollouts }: RegionView, leaving: ReadonlySet<string>): Promise<void> {
    for (const { kind, name, reading } of objects) {
      if (!('error' in reading) || (kind !== 'SidecarRelease' && kind !== 'Gateway')) continue;
      const plural = kind === 'Gateway' ? 'gateways' : 'sidecarreleases';
      if (leaving.has(`${plural}/${name}`)) continue;
      const why = `it cannot be read, and what was made of it stays as it is: ${reading.error}`;
      await this.#teller.condition(plural, name, 'Refused', why, false);
      const record = kind === 'SidecarRelease' ? rollouts.get(name) : undefined;
      if (record === undefined || !moves(record) || record.reason === why) continue;
      const { revision, ...rollout } = record;
      await this.#teller.apart(`sidecarreleases/${name}`, () =>
        this.#write(rollout, revision, { ...rollout, reason: why }, null),
      );
    }
  }

  /** A rollout that cannot be carried out says why, and stops when the time of its wave is over. */
  async #hangs(release: SidecarRelease, { rollout, revision }: Recorded, why: string): Promise<void> {
    const isLate = rollout.state === 'running' && this.#waveWatch.times(rollout).waveMs > release.spec.timeout;
    if (isLate) {
      const reason = `timeout: ${why}`;
      return await this.#write(rollout, revision, { ...rollout, state: 'stopped', reason }, 'stopped');
    }
    if (moves(rollout) && rollout.reason !== why)
      await this.#write(rollout, revision, { ...rollout, reason: why }, null);
  }

  async #carryOut(
    release: SidecarRelease,
    { rollout, revision }: Recorded,
    sets: () => Promise<SidecarSets>,
  ): Promise<boolean> {
    const { cluster } = this.#ports;
    const { name } = release.metadata;
    const before = (await sets()).get(sidecarSetName(name)) ?? null;
    const wanted = wantedSet(release, rollout, before);
    const isMoving = moves(rollout);
    if (wanted === null) {
      const isUnknown = versionOfRollout(release, rollout, before) === null;
      if (!isUnknown && rollout.state !== 'undoing') return false;
      const reason = isUnknown
        ? `SidecarSet ${sidecarSetName(name)} is gone, or its annotations are, and which version it had is not known: start a rollout of the one that pods should have`
        : 'there is no version before this one to go back to: `weir fleet rollout abort`, or remove the release';
      if (isUnknown) await this.#teller.condition('sidecarreleases', name, 'Refused', reason, false);
      if (isMoving) await this.#write(rollout, revision, { ...rollout, state: 'stopped', reason }, 'stopped');
      return false;
    }
    const fixed = before === null ? null : whyNotInPlace(wanted.document, before);
    if (fixed !== null) {
      await this.#teller.condition('sidecarreleases', name, 'Refused', fixed, false);
      if (isMoving) await this.#write(rollout, revision, { ...rollout, state: 'stopped', reason: fixed }, 'stopped');
      return false;
    }
    const set = await this.#applied(name, wanted, before);
    const told = `SidecarSet ${sidecarSetName(name)} is as this wave wants it`;
    const tell = () => this.#teller.condition('sidecarreleases', name, 'Applied', told);
    if (!isMoving) {
      await tell();
      return false;
    }
    const { pods: selection, sidecar } = { pods: release.spec.pods, sidecar: release.spec.sidecar };
    const found = await cluster.pods(selection?.selector ?? {}, selection?.namespaces ?? null);
    const states = podStates(set, containerName(sidecar), found, wanted.images);
    const wave =
      rollout.state === 'undoing' ? podsLeft(rollout.wave, states) : podWave(rollout.wave, wanted.reach, states);
    // What the rollout brings is remembered where the SidecarSet cannot take it along.
    const { version, former } = wanted;
    await this.#step(release, { rollout: { ...rollout, version, former }, revision }, wave, {
      states,
      hanging: whyHanging(set, states, release.spec.budget?.maxUnavailable ?? 1),
      isLookedAt: isLookedAt(set),
    });
    await tell();
    return true;
  }

  /** The SidecarSet as it is wanted. */
  async #applied(release: string, { document }: WantedSet, before: PresentSet | null): Promise<PresentSet> {
    if (before !== null && isAsWanted(document, before)) return before;
    const what = `SidecarSet ${document.metadata.name}`;
    try {
      const { object, taken } = await this.#ports.cluster.applySidecarSet(document);
      await this.#teller.taken({ kind: 'SidecarRelease', name: release }, what, taken);
      return object;
    } catch (error) {
      if (!(error instanceof StoreFailure)) throw error;
      throw new StoreFailure(`${what} cannot be written: ${error.message}`, error.fate);
    }
  }

  async #step(
    release: SidecarRelease,
    { rollout, revision }: { readonly rollout: Rollout; readonly revision: string },
    wave: WaveHosts,
    seen: { readonly states: readonly PodState[]; readonly hanging: string | null; readonly isLookedAt: boolean },
  ): Promise<void> {
    const { clock, askGate } = this.#ports;
    // OpenKruise keeps the budget.
    const { budget: _budget, ...spec } = release.spec;
    const own = { ...release, spec };
    const answers = new Map<ReleaseGate, GateAnswer>();
    for (const gate of gatesToAsk(rollout, own, [wave])) answers.set(gate, await askGate(gate));
    const next = stepRollout(rollout, own, [wave], answers, clock.now(), this.#waveWatch.times(rollout));
    // What pods are like says nothing of a wave that OpenKruise does not know of yet.
    const isThrough = rollout.wave > 0 && (next?.verb === 'wave' || next?.verb === 'done' || next?.verb === 'undone');
    const step = isThrough && !seen.isLookedAt ? null : next;
    const before = (rollout.pods ?? []).filter(({ index }) => index < wave.index);
    const pods = wave.index === 0 ? before : [...before, podRow(wave, seen)];
    if (step !== null && step.verb !== null)
      return await this.#write(rollout, revision, { ...step.next, pods }, step.verb);
    // The machine knows no hangs: written in turns, its reason and that of a hang would each call for the next look.
    const now: Rollout = { ...(step?.next ?? rollout), reason: seen.hanging, pods };
    const told = ({ pods, reason, heldSince, allowed }: Rollout) => JSON.stringify([pods, reason, heldSince, allowed]);
    if (told(now) !== told(rollout)) await this.#write(rollout, revision, now, null);
  }

  async #write(
    rollout: Rollout,
    revision: string,
    next: Rollout,
    verb: Parameters<typeof writeRollout>[1]['verb'],
  ): Promise<void> {
    await writeRollout(this.#ports, { rollout, revision, verb }, next);
    this.#onWritten();
    if (verb === null) return;
    const type = verb === 'stopped' ? 'Warning' : 'Normal';
    const message = verb === 'wave' ? `wave ${next.wave}` : `${verb}${next.reason === null ? '' : `: ${next.reason}`}`;
    const regarding = { kind: 'SidecarRelease', name: rollout.release };
    await this.#ports.cluster
      .event(regarding, { type, reason: `Rollout${verb[0]?.toUpperCase()}${verb.slice(1)}`, message })
      .catch(() => undefined);
  }
}

function podRow(
  wave: WaveHosts,
  { states, hanging }: { readonly states: readonly PodState[]; readonly hanging: string | null },
): NonNullable<Rollout['pods']>[number] {
  const count = (progress: string) => wave.hosts.filter((host) => host.progress === progress).length;
  const troubled = states.flatMap(({ name, error, stuck }) => {
    const reason = error ?? stuck;
    return reason === null ? [] : [[name, reason] as const];
  });
  const waiting = hanging === null ? undefined : wave.hosts.find(({ progress }) => progress === 'pending');
  const reasons = Object.fromEntries([
    ...(waiting === undefined || hanging === null ? [] : [[waiting.name, hanging] as const]),
    ...troubled.slice(0, 20),
  ]);
  return {
    index: wave.index,
    hosts: wave.hosts.map(({ name }) => name),
    ...{ done: count('done'), failed: count('failed'), pending: count('pending'), silent: 0 },
    ...(Object.keys(reasons).length > 0 && { reasons }),
  };
}
