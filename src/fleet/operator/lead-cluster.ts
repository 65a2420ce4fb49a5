/** The leader of a region on Kubernetes: releases become SidecarSets, gateways Deployments; waves move as on plain hosts. */
import { messageOf } from '../../errors/message-of.ts';
import { gatewayCondition, type PresentDeployment } from '../model/gateway/gateway-condition.ts';
import { gatewayDocuments, gatewayName } from '../model/gateway/gateway-documents.ts';
import type { Gateway } from '../model/object-schemas.ts';
import { objectsOf, releasesOf, viewPrefixes, viewRegion } from '../model/region-view.ts';
import { StoreFailure } from '../ports.ts';
import type { ClusterLeaderPorts } from './cluster-leader-ports.ts';
import { fenced, LeaderLease } from './fence.ts';
import { takeLead } from './lead-region.ts';
import { ObjectTeller } from './object-teller.ts';
import { forgetGonePods } from './pod-hosts.ts';
import { ReleaseWork, type SidecarSets } from './release-work.ts';
import { WaveWatch } from './wave-watch.ts';

/** How long leadership outlives a leader, in ms, and how often it is renewed or looked at. */
const [LEASE_MS, RENEW_MS] = [15_000, 5_000];
/** While a rollout moves it is looked at so often; a region at rest so often, without a change, in ms. */
const [STEP_MS, RESYNC_MS] = [1_000, 60_000];
/** Changes that come close together are looked at together, in ms: nothing can make the operator ask without a rest. */
const REST_MS = 200;
/** The same while pods of a gateway start: nobody tells the operator when they are ready. */
const WAITING_MS = 10_000;

/** Runs until the signal aborts; then leadership is given back. */
export async function leadCluster(ports: ClusterLeaderPorts, signal: AbortSignal): Promise<void> {
  await new ClusterLeader(ports).run(signal);
}

class ClusterLeader {
  readonly #ports: ClusterLeaderPorts;
  /** The same, for what only a leader may write. */
  readonly #own: ClusterLeaderPorts;
  readonly #lease: LeaderLease;
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
  readonly #teller: ObjectTeller;
  readonly #releases: ReleaseWork;

  constructor(ports: ClusterLeaderPorts) {
    this.#ports = ports;
    this.#lease = new LeaderLease(ports, { ttlMs: LEASE_MS, renewMs: RENEW_MS });
    this.#own = fenced(ports, this.#lease);
    this.#waveWatch = new WaveWatch(() => ports.clock.monotonic());
    const again = () => {
      this.#isChanged = true;
    };
    this.#teller = new ObjectTeller(this.#own, again);
    this.#releases = new ReleaseWork(this.#own, this.#teller, this.#waveWatch, again);
  }

  async run(signal: AbortSignal): Promise<void> {
    const { clock, region, warn, watcher } = this.#ports;
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
      await clock.sleep(REST_MS, signal).catch(() => undefined);
      this.#wake = Promise.withResolvers();
    }
    await watching;
    await this.#lease.revoke();
  }

  async #lead(): Promise<void> {
    const { store, keys, region, tell } = this.#ports;
    const { id, isNew } = await this.#lease.get();
    if (isNew) this.#isLeading = false;
    if (this.#isLeading) return;
    if (!(await takeLead(this.#ports, id))) {
      const { items } = await store.list([keys.leader]);
      const other = items[0] === undefined ? 'another one' : JSON.parse(items[0].value).holder;
      this.#teller.say('leader', `${other} leads ${region}`);
      return;
    }
    this.#isLeading = true;
    this.#isChanged = true;
    this.#teller.forget();
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
    const leaving = await this.#teller.finalize(view);
    // One list for all releases; without OpenKruise each of them says so, and gateways go on.
    let listed: Promise<SidecarSets> | null = null;
    const sets = () => {
      listed ??= this.#ports.cluster.sidecarSets();
      return listed;
    };
    let isMoving = false;
    for (const release of releasesOf(view)) {
      const { name } = release.metadata;
      if (leaving.has(`sidecarreleases/${name}`)) continue;
      if (release.spec.pods === undefined) {
        await this.#releases.forHosts(release, view);
        continue;
      }
      const isOnItsWay = await this.#each(`SidecarRelease/${name}`, () => this.#releases.release(release, view, sets));
      isMoving ||= isOnItsWay;
    }
    for (const gateway of objectsOf(view, 'Gateway')) {
      if (leaving.has(`gateways/${gateway.metadata.name}`)) continue;
      await this.#each(`Gateway/${gateway.metadata.name}`, async () => {
        await this.#gateway(gateway);
        return false;
      });
    }
    await this.#releases.tellUnread(view, leaving);
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
      await this.#teller.condition(plural, own, 'Refused', messageOf(error), false);
      this.#isChanged = true;
      return false;
    }
  }

  async #gateway(gateway: Gateway): Promise<void> {
    const { namespace, gatewayImage, cluster } = this.#own;
    const { name } = gateway.metadata;
    let deployment: PresentDeployment = {};
    for (const document of gatewayDocuments(gateway, { namespace, image: gatewayImage })) {
      const { object, taken } = await cluster.apply(document);
      await this.#teller.taken({ kind: 'Gateway', name }, `${document.kind} ${gatewayName(name)}`, taken);
      if (document.kind === 'Deployment') deployment = object;
    }
    const hasFiles = await cluster.hasConfigMap(gatewayName(name));
    const { status, reason, message } = gatewayCondition(gateway, deployment, hasFiles);
    await this.#teller.condition('gateways', name, reason, message, status, reason !== 'Starting');
    if (!status) this.#isWaiting = true;
  }

  /** Pods that were killed took no leave. */
  async #forgetPods(): Promise<void> {
    const { clock } = this.#ports;
    if (clock.monotonic() - this.#podsAt < RESYNC_MS) return;
    this.#podsAt = clock.monotonic();
    await this.#teller.apart('hosts of pods that are gone', () => forgetGonePods(this.#own));
  }
}
