/** A cluster in memory with the part of OpenKruise that an operator sees: hashes, partition, selector, two containers. */
import { createHash } from 'node:crypto';
import type { PodObject, PresentSet } from '../../src/fleet/model/kruise/pods.ts';
import { podsToMove, type SidecarSet } from '../../src/fleet/model/kruise/sidecar-set.ts';
import type { ClusterCondition, ClusterLife, ClusterPort } from '../../src/fleet/operator/cluster-port.ts';

// biome-ignore lint/suspicious/noExplicitAny: objects of any kind.
type Thing = any;

/** The cluster; tests reach behind it. */
export class FakeCluster {
  readonly sets = new Map<string, Thing>();
  readonly podList: Thing[] = [];
  readonly events: string[] = [];
  readonly conditions = new Map<string, ClusterCondition>();
  readonly applied: Thing[] = [];
  readonly removed: string[] = [];
  lives: ClusterLife[] = [];
  gatewayLives: ClusterLife[] = [];
  /** Deployments as the cluster has them. */
  deployment: Thing = {};
  hasConfigMap = false;
  writes = 0;
  /** Images whose containers do not start. */
  readonly broken = new Set<string>();
  /** Set: SidecarSets cannot be removed. */
  denied: Error | null = null;
  /** Set: SidecarSets cannot be written. */
  refusal: Error | null = null;
  /** What somebody else wrote into objects, by their names: their next write takes it back. */
  readonly others = new Map<string, readonly string[]>();
  /** False: nobody carries SidecarSets out. */
  hasManager = true;

  /** A pod with the sidecar of a SidecarSet, as the webhook injects it; ready. */
  addPod(name: string, labels: Record<string, string>, set: string): void {
    const own = this.sets.get(set);
    const metadata = { name, namespace: 'prod', labels, annotations: {} };
    const pod = { metadata, spec: {}, status: { phase: 'Running', conditions: [], containerStatuses: [] } };
    this.podList.push(pod);
    if (own !== undefined) this.#move(pod, own);
  }

  get port(): ClusterPort {
    return {
      sidecarSets: async () => new Map(this.sets),
      applySidecarSet: async (document) => ({ object: this.#apply(document), taken: this.#takes(document) }),
      removeSidecarSet: async (name) => {
        if (this.denied !== null) throw this.denied;
        this.sets.delete(name);
        this.removed.push(name);
      },
      pods: async (labels) =>
        this.podList.filter((pod) =>
          Object.entries(labels).every(([key, value]) => pod.metadata.labels[key] === value),
        ) as PodObject[],
      podsNamed: async (name, namespace) =>
        this.podList.filter(
          ({ metadata }) => metadata.name === name && (namespace === null || metadata.namespace === namespace),
        ),
      lives: async (plural) => (plural === 'sidecarreleases' ? this.lives : this.gatewayLives),
      setFinalizer: async (_plural, name, isSet) => {
        const set = (one: ClusterLife) => (one.name === name ? { ...one, hasFinalizer: isSet } : one);
        this.lives = this.lives.map(set);
        this.gatewayLives = this.gatewayLives.map(set);
      },
      condition: async (plural, name) => this.conditions.get(`${plural}/${name}`) ?? null,
      setCondition: async (plural, name, condition) => void this.conditions.set(`${plural}/${name}`, condition),
      apply: async (document) => {
        this.applied.push(document);
        const taken = this.#takes(document);
        return { object: document.kind === 'Deployment' ? this.deployment : document, taken };
      },
      hasConfigMap: async () => this.hasConfigMap,
      removeOwn: async (kind, name) => void this.removed.push(`${kind}/${name}`),
      event: async ({ name }, { reason, message }) => void this.events.push(`${name} ${reason}: ${message}`),
      watchSidecarSets: (_changed, signal) =>
        new Promise((resolve) => signal.addEventListener('abort', () => resolve())),
    };
  }

  /** One round of OpenKruise. */
  work(): void {
    if (!this.hasManager) return;
    for (const set of this.sets.values()) {
      set.status = { observedGeneration: set.metadata.generation };
      const { partition, selector, paused, maxUnavailable } = set.spec.updateStrategy;
      if (paused) continue;
      const own = this.podList.filter((pod) => pod.metadata.annotations[HASH] !== undefined);
      const old = own.filter((pod) => hashIn(pod, set.metadata.name) !== hashOf(set));
      const isSelected = (pod: Thing) =>
        Object.entries(selector.matchLabels).every(([key, value]) => pod.metadata.labels[key] === value);
      const due =
        selector === undefined
          ? old.slice(0, Math.max(0, podsToMove(String(partition), own.length) - (own.length - old.length)))
          : old.filter(isSelected);
      const unready = own.filter((pod) => hashIn(pod, set.metadata.name) === hashOf(set) && !isReady(pod)).length;
      for (const pod of due.slice(0, Math.max(0, maxUnavailable - unready))) this.#move(pod, set);
    }
  }

  #takes({ metadata }: Thing): readonly string[] {
    const taken = this.others.get(metadata.name) ?? [];
    this.others.delete(metadata.name);
    return taken;
  }

  #apply(document: SidecarSet): PresentSet {
    if (this.refusal !== null) throw this.refusal;
    this.writes += 1;
    const before = this.sets.get(document.metadata.name);
    const generation = (before?.metadata.generation ?? 0) + 1;
    const copy: Thing = structuredClone(document);
    copy.metadata = {
      ...copy.metadata,
      generation,
      annotations: { ...copy.metadata.annotations, [HASH]: hashOf(copy) },
    };
    // OpenKruise's webhook leaves out what is false.
    if (copy.spec.updateStrategy?.paused === false) delete copy.spec.updateStrategy.paused;
    copy.spec.injectionStrategy ??= {};
    copy.status = before?.status;
    this.sets.set(document.metadata.name, copy);
    return copy;
  }

  #move(pod: Thing, set: Thing): void {
    const [{ name, image }] = set.spec.containers;
    pod.metadata.annotations[HASH] = JSON.stringify({ [set.metadata.name]: { hash: hashOf(set) } });
    const isBroken = this.broken.has(image);
    const state = isBroken ? { waiting: { reason: 'ImagePullBackOff', message: `no ${image}` } } : {};
    pod.status.containerStatuses = [{ name: `${name}-1`, ready: !isBroken, state }];
    pod.status.conditions = [{ type: 'Ready', status: isBroken ? 'False' : 'True' }];
  }
}

const HASH = 'kruise.io/sidecarset-hash';

function hashOf(set: Thing): string {
  return createHash('sha256').update(JSON.stringify(set.spec.containers)).digest('hex').slice(0, 8);
}

function hashIn(pod: Thing, set: string): string | undefined {
  return JSON.parse(pod.metadata.annotations[HASH] ?? '{}')[set]?.hash;
}

function isReady(pod: Thing): boolean {
  return pod.status.conditions.some(({ type, status }: Thing) => type === 'Ready' && status === 'True');
}
