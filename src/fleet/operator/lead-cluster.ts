/** The leader of a region on Kubernetes: releases become SidecarSets, gateways Deployments; waves move as on plain hosts. */
import { messageOf } from '../../errors/message-of.ts';
import { gatewayCondition, type PresentDeployment } from '../model/gateway/gateway-condition.ts';
import { gatewayDocuments, gatewayName } from '../model/gateway/gateway-documents.ts';
import { type PodState, podStates, podsLeft, podWave, whyHanging } from '../model/kruise/pods.ts';
import { containerName, sidecarSetName, whyNotForPods } from '../model/kruise/sidecar-set.ts';
import { isAsWanted, wantedSet } from '../model/kruise/wanted-set.ts';
import type { Gateway, ReleaseGate, SidecarRelease } from '../model/object-schemas.ts';
import type { Rollout } from '../model/records.ts';
import { objectsOf, type RegionView, releasesOf, viewPrefixes, viewRegion } from '../model/region-view.ts';
import { type GateAnswer, gatesToAsk, stepRollout, type WaveHosts } from '../model/rollout-machine.ts';
import { StoreFailure } from '../ports.ts';
import type { ClusterPort } from './cluster-port.ts';
import { type LeaderPorts, takeLead, writeRollout } from './lead-region.ts';
import { forgetGonePods } from './pod-hosts.ts';
import { WaveWatch } from './wave-watch.ts';

/** How long leadership outlives a leader, in ms, and how often it is renewed or looked at. */
const [LEASE_MS, RENEW_MS] = [15_000, 5_000];
/** While a rollout moves it is looked at so often; a region at rest so often, without a change, in ms. */
const [STEP_MS, RESYNC_MS] = [1_000, 60_000];
/** The same while pods of a gateway start: nobody tells the operator when they are ready. */
const WAITING_MS = 10_000;
/** A finalizer is taken off after this time whatever happens, in ms: nobody waits for ever. */
const FINALIZER_MS = 60_000;

/** What this leader needs. */
export interface ClusterLeaderPorts extends LeaderPorts {
  readonly cluster: ClusterPort;
  readonly namespace: string;
  /** The image of gateways. */
  readonly gatewayImage: string;
}

/** Runs until the signal aborts; then leadership is given back. */
export async function leadCluster(ports: ClusterLeaderPorts, signal: AbortSignal): Promise<void> {
  await new ClusterLeader(ports).run(signal);
}

type SidecarSets = Awaited<ReturnType<ClusterPort['sidecarSets']>>;

class ClusterLeader {
  readonly #ports: ClusterLeaderPorts;
  #lease: string | null = null;
  #renewedAt = Number.NEGATIVE_INFINITY;
  #isLeading = false;
  #wake = Promise.withResolvers<void>();
  #reconciledAt = Number.NEGATIVE_INFINITY;
  #isChanged = true;
  #isMoving = false;
  /** Whether a gateway was not ready when it was looked at last. */
  #isWaiting = false;
  #podsAt = Number.NEGATIVE_INFINITY;
  #shownAt = Number.NEGATIVE_INFINITY;
  readonly #waveWatch: WaveWatch;
  /** What was said of an object last, so that events are not repeated: of one that was made anew, nothing was. */
  readonly #said = new Map<string, string>();
  readonly #versions = new Map<string, string>();

  constructor(ports: ClusterLeaderPorts) {
    this.#ports = ports;
    this.#waveWatch = new WaveWatch(() => ports.clock.monotonic());
  }

  async run(signal: AbortSignal): Promise<void> {
    const { clock, store, region, warn, watcher } = this.#ports;
    const watching = this.#watch(signal);
    signal.addEventListener('abort', () => this.#wake.resolve(), { once: true });
    while (!signal.aborted) {
      let stepMs: number | null = null;
      let isAway = false;
      try {
        await this.#lead();
        const resyncMs = this.#isWaiting ? WAITING_MS : RESYNC_MS;
        const began = clock.monotonic();
        const isDue = this.#isChanged || this.#isMoving || began - this.#reconciledAt > resyncMs;
        if (this.#isLeading && isDue) {
          await this.#reconcile();
          stepMs = clock.monotonic() - began;
        }
        if (this.#isLeading) await this.#show();
      } catch (error) {
        if (!(error instanceof StoreFailure)) throw error;
        warn(`${region}: ${error.message}; what runs goes on, no wave moves`);
        [this.#isChanged, isAway] = [true, true];
        this.#waveWatch.looksAway();
      }
      if (!this.#isLeading) this.#waveWatch.looksAway();
      if (!this.#isLeading || isAway) watcher?.saw(null);
      watcher?.stepped(stepMs, this.#isLeading && !isAway);
      const waiting = new AbortController();
      const slept = clock.sleep(this.#isMoving ? STEP_MS : RENEW_MS, waiting.signal).catch(() => undefined);
      await Promise.race([slept, this.#wake.promise]);
      waiting.abort();
      this.#wake = Promise.withResolvers();
    }
    await watching;
    if (this.#lease !== null) await store.revoke(this.#lease).catch(() => undefined);
  }

  async #lead(): Promise<void> {
    const { clock, store, keys, region, holder, tell } = this.#ports;
    if (this.#lease !== null && clock.monotonic() - this.#renewedAt >= RENEW_MS) {
      if (await store.keepAlive(this.#lease)) this.#renewedAt = clock.monotonic();
      else this.#lease = null;
    }
    if (this.#lease === null) {
      this.#lease = await store.grant(LEASE_MS);
      this.#renewedAt = clock.monotonic();
      this.#isLeading = false;
    }
    if (this.#isLeading) return;
    if (!(await takeLead(this.#ports, this.#lease))) {
      const { items } = await store.list([keys.leader]);
      const other = items[0] === undefined ? 'another one' : JSON.parse(items[0].value).holder;
      this.#say('leader', `${other} leads ${region}`);
      return;
    }
    this.#isLeading = true;
    this.#isChanged = true;
    // Another leader may have said something else meanwhile.
    this.#said.clear();
    this.#said.set('leader', holder);
    tell(`leads ${region}`);
  }

  /** Lets the metrics see the whole region now and then. */
  async #show(): Promise<void> {
    const { clock, store, keys, region, watcher } = this.#ports;
    if (watcher === null || clock.monotonic() - this.#shownAt < watcher.wholeEveryMs) return;
    watcher.saw(viewRegion(region, await store.list(viewPrefixes(keys))));
    this.#shownAt = clock.monotonic();
  }

  /** Watches what people write and what OpenKruise reports; a watch that ends is begun again. */
  async #watch(signal: AbortSignal): Promise<void> {
    const { store, keys, cluster, clock } = this.#ports;
    const changed = () => {
      this.#isChanged = true;
      this.#wake.resolve();
    };
    const objects = [keys.objects('SidecarRelease'), keys.rollouts, keys.objects('Gateway')];
    const forever = async (work: () => Promise<unknown>) => {
      while (!signal.aborted) {
        await work().catch(() => undefined);
        await clock.sleep(RENEW_MS, signal).catch(() => undefined);
      }
    };
    await Promise.all([
      forever(async () => {
        const { revision } = await store.list(objects);
        changed();
        await store.watch(objects, revision, changed, signal);
      }),
      forever(async () => {
        await cluster.watchSidecarSets(changed, signal);
      }),
    ]);
  }

  async #reconcile(): Promise<void> {
    const { store, keys, region, clock } = this.#ports;
    [this.#isChanged, this.#isWaiting] = [false, false];
    this.#reconciledAt = clock.monotonic();
    const prefixes = [keys.objects('SidecarRelease'), keys.rollouts, keys.objects('Gateway')];
    const view = viewRegion(region, await store.list(prefixes));
    const leaving = await this.#finalize(view);
    // One list for all releases; without OpenKruise each of them says so, and gateways go on.
    let listed: Promise<SidecarSets> | null = null;
    const sets = () => {
      listed ??= this.#ports.cluster.sidecarSets();
      return listed;
    };
    let isMoving = false;
    for (const release of releasesOf(view)) {
      if (release.spec.pods === undefined || leaving.has(`sidecarreleases/${release.metadata.name}`)) continue;
      const moves = await this.#each(`SidecarRelease/${release.metadata.name}`, () =>
        this.#release(release, view, sets),
      );
      isMoving ||= moves;
    }
    for (const gateway of objectsOf(view, 'Gateway')) {
      if (leaving.has(`gateways/${gateway.metadata.name}`)) continue;
      await this.#each(`Gateway/${gateway.metadata.name}`, async () => {
        await this.#gateway(gateway);
        return false;
      });
    }
    await this.#forgetPods();
    this.#isMoving = isMoving;
  }

  /** One object's failure is its own condition; the store's is everybody's. */
  async #each(name: string, work: () => Promise<boolean>): Promise<boolean> {
    try {
      return await work();
    } catch (error) {
      if (error instanceof StoreFailure && error.fate === 'not-sent') throw error;
      const [kind = '', own = ''] = name.split('/');
      const plural = kind === 'Gateway' ? 'gateways' : 'sidecarreleases';
      await this.#condition(plural, own, 'Refused', messageOf(error), false);
      this.#isChanged = true;
      return false;
    }
  }

  async #gateway(gateway: Gateway): Promise<void> {
    const { namespace, gatewayImage, cluster } = this.#ports;
    const { name } = gateway.metadata;
    let deployment: PresentDeployment = {};
    for (const document of gatewayDocuments(gateway, { namespace, image: gatewayImage })) {
      const applied = await cluster.apply(document);
      if (document.kind === 'Deployment') deployment = applied;
    }
    const hasFiles = await cluster.hasConfigMap(gatewayName(name));
    const { status, reason, message } = gatewayCondition(gateway, deployment, hasFiles);
    await this.#condition('gateways', name, reason, message, status, reason !== 'Starting');
    if (!status) this.#isWaiting = true;
  }

  /** Pods that were killed took no leave. */
  async #forgetPods(): Promise<void> {
    const { clock } = this.#ports;
    if (clock.monotonic() - this.#podsAt < RESYNC_MS) return;
    this.#podsAt = clock.monotonic();
    await forgetGonePods(this.#ports);
  }

  async #release(release: SidecarRelease, view: RegionView, sets: () => Promise<SidecarSets>): Promise<boolean> {
    const { cluster } = this.#ports;
    const { name } = release.metadata;
    const why = whyNotForPods(release);
    if (why !== null) {
      await this.#condition('sidecarreleases', name, 'Refused', why, false);
      return false;
    }
    const record = view.rollouts.get(name) ?? null;
    if (record === null) return false;
    const { revision, ...rollout } = record;
    const before = (await sets()).get(sidecarSetName(name)) ?? null;
    const wanted = wantedSet(release, rollout, before);
    if (wanted === null) {
      if (rollout.state === 'undoing') {
        const reason =
          'there is no version before this one to go back to: `weir fleet rollout abort`, or remove the release';
        await this.#write(rollout, revision, { ...rollout, state: 'stopped', reason }, 'stopped');
      }
      return false;
    }
    const set =
      before !== null && isAsWanted(wanted.document, before) ? before : await cluster.applySidecarSet(wanted.document);
    await this.#condition(
      'sidecarreleases',
      name,
      'Applied',
      `SidecarSet ${sidecarSetName(name)} is as this wave wants it`,
    );
    if (rollout.state !== 'running' && rollout.state !== 'undoing') return false;
    const { pods: selection, sidecar } = { pods: release.spec.pods, sidecar: release.spec.sidecar };
    const found = await cluster.pods(selection?.selector ?? {}, selection?.namespaces ?? null);
    const states = podStates(set, containerName(sidecar), found, wanted.images);
    const wave =
      rollout.state === 'undoing' ? podsLeft(rollout.wave, states) : podWave(rollout.wave, wanted.reach, states);
    await this.#step(release, { rollout, revision }, wave, {
      states,
      hanging: whyHanging(set, states, release.spec.budget?.maxUnavailable ?? 1),
    });
    return true;
  }

  async #step(
    release: SidecarRelease,
    { rollout, revision }: { readonly rollout: Rollout; readonly revision: string },
    wave: WaveHosts,
    seen: { readonly states: readonly PodState[]; readonly hanging: string | null },
  ): Promise<void> {
    const { clock, askGate } = this.#ports;
    // OpenKruise keeps the budget.
    const { budget: _budget, ...spec } = release.spec;
    const own = { ...release, spec };
    const answers = new Map<ReleaseGate, GateAnswer>();
    for (const gate of gatesToAsk(rollout, own, [wave])) answers.set(gate, await askGate(gate));
    const step = stepRollout(rollout, own, [wave], answers, clock.now(), this.#waveWatch.times(rollout));
    const before = (rollout.pods ?? []).filter(({ index }) => index < wave.index);
    const pods = wave.index === 0 ? before : [...before, podRow(wave, seen)];
    if (step !== null) return await this.#write(rollout, revision, { ...step.next, pods }, step.verb);
    const reason = seen.hanging;
    const isSame = JSON.stringify([rollout.pods, rollout.reason]) === JSON.stringify([pods, reason]);
    if (!isSame) await this.#write(rollout, revision, { ...rollout, reason, pods }, null);
  }

  async #write(
    rollout: Rollout,
    revision: string,
    next: Rollout,
    verb: Parameters<typeof writeRollout>[1]['verb'],
  ): Promise<void> {
    await writeRollout(this.#ports, { rollout, revision, verb }, next);
    this.#isChanged = true;
    if (verb === null) return;
    const type = verb === 'stopped' ? 'Warning' : 'Normal';
    const message = verb === 'wave' ? `wave ${next.wave}` : `${verb}${next.reason === null ? '' : `: ${next.reason}`}`;
    const regarding = { kind: 'SidecarRelease', name: rollout.release };
    await this.#ports.cluster
      .event(regarding, { type, reason: `Rollout${verb[0]?.toUpperCase()}${verb.slice(1)}`, message })
      .catch(() => undefined);
  }

  /**
   * Objects that people remove take what was made of them along; an empty store removes nothing. Resolves to the objects
   * that are being removed: nothing may be made of them anew.
   */
  async #finalize(view: RegionView): Promise<ReadonlySet<string>> {
    const { cluster, clock, warn } = this.#ports;
    const leaving = new Set<string>();
    for (const plural of ['sidecarreleases', 'gateways'] as const) {
      for (const { name, version, isDeleted, deletedAtMs, hasFinalizer } of await cluster.lives(plural)) {
        this.#versions.set(`${plural}/${name}`, version);
        if (!isDeleted) {
          const isOurs =
            plural === 'gateways' ||
            releasesOf(view).some((one) => one.metadata.name === name && one.spec.pods !== undefined);
          if (!hasFinalizer && isOurs) await cluster.setFinalizer(plural, name, true);
          continue;
        }
        leaving.add(`${plural}/${name}`);
        if (!hasFinalizer) continue;
        try {
          if (plural === 'sidecarreleases') await cluster.removeSidecarSet(sidecarSetName(name));
          else
            for (const kind of ['Deployment', 'Service', 'ConfigMap'] as const)
              await cluster.removeOwn(kind, gatewayName(name));
        } catch (error) {
          if (deletedAtMs !== null && clock.now() - deletedAtMs < FINALIZER_MS) throw error;
          warn(
            `${plural}/${name}: what was made of it could not be removed (${messageOf(error)}); it is let go all the same`,
          );
        }
        await cluster.setFinalizer(plural, name, false);
      }
    }
    return leaving;
  }

  async #condition(
    plural: 'sidecarreleases' | 'gateways',
    name: string,
    reason: string,
    message: string,
    status = true,
    isTrouble = !status,
  ): Promise<void> {
    const { cluster, warn } = this.#ports;
    const key = `${plural}/${name}`;
    const text = `${this.#versions.get(key)} ${reason}: ${message}`;
    if (this.#said.get(key) === text) return;
    await cluster.setCondition(plural, name, {
      type: plural === 'gateways' ? 'Ready' : 'Synced',
      status,
      reason,
      message,
    });
    this.#said.set(key, text);
    if (status || !isTrouble) return;
    warn(`${key}: ${message}`);
    const kind = plural === 'gateways' ? 'Gateway' : 'SidecarRelease';
    await cluster.event({ kind, name }, { type: 'Warning', reason, message }).catch(() => undefined);
  }

  #say(key: string, text: string): void {
    if (this.#said.get(key) === text) return;
    this.#said.set(key, text);
    this.#ports.tell(text);
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
