/** What the leader of a region on Kubernetes needs of the cluster beside the store. */
import type { PodObject, PresentSet } from '../model/kruise/pods.ts';
import type { SidecarSet } from '../model/kruise/sidecar-set.ts';

/** One condition of an object's status. */
export interface ClusterCondition {
  readonly type: 'Synced' | 'Ready';
  readonly status: boolean;
  /** A word. */
  readonly reason: string;
  readonly message: string;
}

/** An object of weir with what the cluster says of its life. */
export interface ClusterLife {
  readonly name: string;
  /** Another one for each object that is made under the name, and for each change of what it wants. */
  readonly version: string;
  readonly isDeleted: boolean;
  readonly deletedAtMs: number | null;
  readonly hasFinalizer: boolean;
}

/** An object as the cluster has it after it was applied. */
export interface Applied<T> {
  readonly object: T;
  /** Fields that somebody else had written and that are weir's again, with who did: `kubectl-edit: .spec.replicas`. */
  readonly taken: readonly string[];
}

/** What is looked at to explain pods. */
export type PodsPort = Pick<ClusterPort, 'sidecarSets' | 'pods' | 'podsNamed' | 'condition'>;

/** The cluster. Every method rejects with `StoreFailure`. */
export interface ClusterPort {
  /** The SidecarSets that weir made, by name. */
  sidecarSets(): Promise<ReadonlyMap<string, PresentSet>>;
  /** Writes one by server-side apply. */
  applySidecarSet(document: SidecarSet): Promise<Applied<PresentSet>>;
  removeSidecarSet(name: string): Promise<void>;
  pods(labels: Readonly<Record<string, string>>, namespaces: readonly string[] | null): Promise<readonly PodObject[]>;
  /** The pods of a name; in every namespace that may be read, or in one. */
  podsNamed(name: string, namespace: string | null): Promise<readonly PodObject[]>;
  /** The lives of releases and gateways. */
  lives(plural: 'sidecarreleases' | 'gateways'): Promise<readonly ClusterLife[]>;
  setFinalizer(plural: 'sidecarreleases' | 'gateways', name: string, isSet: boolean): Promise<void>;
  /** What the operator said of an object last; null when it has said nothing. */
  condition(plural: 'sidecarreleases' | 'gateways', name: string): Promise<ClusterCondition | null>;
  setCondition(plural: 'sidecarreleases' | 'gateways', name: string, condition: ClusterCondition): Promise<void>;
  /** Writes any other object of weir by server-side apply. */
  apply(document: Readonly<Record<string, unknown>>): Promise<Applied<Readonly<Record<string, unknown>>>>;
  hasConfigMap(name: string): Promise<boolean>;
  removeOwn(kind: 'Deployment' | 'Service' | 'ConfigMap', name: string): Promise<void>;
  event(
    regarding: { readonly kind: string; readonly name: string },
    note: { readonly type: 'Normal' | 'Warning'; readonly reason: string; readonly message: string },
  ): Promise<void>;
  /** Calls back when a SidecarSet of weir changes. Resolves when the watch ends. */
  watchSidecarSets(changed: () => void, signal: AbortSignal): Promise<void>;
}
