/** What the host daemon needs of its machine. Simulated hosts are made of another `LocalHost`. */
import type { Clock } from '../../platform/clock.ts';
import type { RegionKeys } from '../model/keys.ts';
import type { HostDaemonIdentity } from '../model/records.ts';
import type { FleetStore } from '../ports.ts';
import type { HostMemory } from './host-memory.ts';

/** An application as it is on this host. */
export interface LocalApp {
  readonly name: string;
  /** As in `weir status`. */
  readonly state: string;
  readonly reason: string | null;
  /** ISO 8601; null when it is not known. */
  readonly since: string | null;
  /**
   * Set where somebody switched it off on this host. `by` the annotation of a pod: it is to be off, which the daemon sees
   * to.
   */
  readonly override: {
    readonly since: string | null;
    readonly reason: string | null;
    readonly by?: 'annotation';
  } | null;
}

/** A sidecar as it is on this host. */
export interface LocalSidecar {
  readonly name: string;
  readonly state: string;
  readonly version: string | null;
  /** What the last upgrade brought, if it settled; null when there is none, or when it did not. */
  readonly brought: { readonly version: string | null; readonly binarySha256: string | null } | null;
}

/** The end of the last upgrade of a sidecar. */
export interface LastUpgrade {
  /** The release that it was for; null: for none. */
  readonly release: string | null;
  readonly outcome: string;
  /** Whether the sidecar runs what it was to bring. */
  readonly isGood: boolean;
  readonly reason: string;
  /** RFC 3339, by the clock of this host. */
  readonly at: string;
}

/** All of it. */
export interface LocalLook {
  readonly apps: readonly LocalApp[];
  readonly sidecars: readonly LocalSidecar[];
}

/** The version that a release wants on this host. */
export interface WantedVersion {
  readonly binary: string;
  readonly sha256: string;
  readonly bootstrap: string | null;
}

/** The machine. Every method rejects with a WeirError or another Error, which becomes a reason in the status. */
export interface LocalHost {
  look(): Promise<LocalLook>;
  /** Sends an application through its sidecar, with its proof. */
  on(app: string, policy: string): Promise<void>;
  /** Lets it go direct; `direct` is called as soon as the kernel agrees, and the promise resolves after the drain. */
  off(app: string, policy: string, direct: () => void): Promise<void>;
  /** Resolves to the outcome of the upgrade. */
  upgrade(sidecar: string, version: WantedVersion, release: string): Promise<string>;
  rollBack(sidecar: string, release: string): Promise<string>;
  /** How the last upgrade ended, by the history of its supervisor; null when there was none. */
  lastUpgrade(sidecar: string): Promise<LastUpgrade | null>;
  /** Calls back when something on this host may have changed, until the signal aborts. */
  watch(changed: () => void, signal: AbortSignal): void;
}

/** Everything else. */
export interface HostPorts {
  readonly name: string;
  readonly region: string;
  readonly labels: Readonly<Record<string, string>>;
  /** The pod that this host is; null for a machine. */
  readonly pod: { readonly name: string; readonly namespace: string } | null;
  /** The lease of the status, in ms. */
  readonly ttlMs: number;
  readonly weirVersion: string;
  /** Of this run of the daemon. `instance` is the one that it takes if its memory has none. */
  readonly identity: HostDaemonIdentity;
  readonly keys: RegionKeys;
  readonly store: FleetStore;
  readonly local: LocalHost;
  readonly clock: Clock;
  recall(): Promise<HostMemory | null>;
  remember(memory: HostMemory): Promise<void>;
  /** A line for people who watch. */
  tell(line: string): void;
  warn(text: string): void;
  random(): number;
}
