/** The InterceptHost: all ports of the interception use cases in one object. */
import type { AccountId, SidecarConfig } from '../mesh/mesh-config.ts';
import type { SliceProbe } from '../platform/cgroups.ts';
import type { Clock } from '../platform/clock.ts';
import type { TakeLock } from '../platform/command-lock.ts';
import type { AskReadiness } from '../platform/readiness.ts';
import type { Backend } from './backend.ts';
import type { BackendChoice, ForeignFirewall } from './detection.ts';
import type { JournalEntry } from './journal-entry.ts';
import type { ManagedSidecar } from './managed-sidecars.ts';
import type { Connections, Firewall, MarkRoutes, PanicFile, Prober, SshFacts, StateStore } from './ports.ts';
import type { StoredNamespace } from './stored-state.ts';
import type { Surroundings } from './surroundings/ports.ts';

/** The host of the interception use cases. Tests pass one made of fakes. */
export interface InterceptHost {
  /** The back end, whether or not it is usable. */
  firewall(backend: Backend): Firewall;
  /** Whether this back end can be used here, found without changing anything. */
  backend(backend: Backend): Promise<BackendChoice>;
  /** Which back ends can be used here, in order of preference, found without changing anything. */
  backends(): Promise<readonly BackendChoice[]>;
  /** Other meshes and firewalls whose rules are there. */
  foreign(): Promise<readonly ForeignFirewall[]>;
  readonly connections: Connections;
  readonly markRoutes: MarkRoutes;
  readonly askReadiness: AskReadiness;
  readonly prober: Prober;
  /** Candidates for a probe's destination in one family, a list a scope: nobody's address first, then one that has a route. */
  probeAddresses(scopes: readonly ProbeScope[], family: 4 | 6): Promise<readonly (readonly string[])[]>;
  readonly slices: SliceProbe;
  readonly surroundings: Surroundings;
  readonly store: StateStore;
  /** Appends to the event log; never throws: an event that cannot be written is a warning, not a failure. */
  journal(entry: JournalEntry): Promise<void>;
  /** The event log, oldest first; empty when it cannot be read. */
  readJournal(): Promise<readonly JournalEntry[]>;
  readonly takeLock: TakeLock;
  readonly panicFile: PanicFile;
  /** Whether a supervisor (`weir sidecar run`) answers for this sidecar. */
  isSupervised(sidecar: string): Promise<boolean>;
  /** The state of a sidecar that weir runs, also without a supervisor; null for one that another program runs. */
  sidecarStatus(name: string, configured: SidecarConfig<AccountId> | null): Promise<ManagedSidecar | null>;
  ssh(): Promise<SshFacts>;
  network(): Promise<NetworkFacts>;
  /** The kernel's own number of this network namespace, which no other one gets; null where it cannot be told. */
  namespaceCookie(): Promise<string | null>;
  /** A file of that network namespace, null when none is found from here, or when another one has its id by now. */
  findNamespace(of: Pick<StoredNamespace, 'id' | 'cookie'>): string | null;
  readonly clock: Clock;
  /** Ends the firewall tools that wait for their input. */
  release?(): Promise<void>;
}

/** Where a probe may be sent to. */
export interface ProbeScope {
  /** Whether traffic to this address is diverted. */
  allowed(address: string): boolean;
  /** The networks in CIDR notation that traffic is diverted in, of both families; empty when everywhere. */
  readonly included: readonly string[];
}

/** Facts about the network namespace that weir works in. */
export interface NetworkFacts {
  /** The namespace of PID 1; true as well when that cannot be found out. */
  readonly isHostNamespace: boolean;
  /** Whether any interface but loopback has an IPv4 address. */
  readonly hasIpv4: boolean;
  /** Whether any interface has an IPv6 address. */
  readonly hasIpv6: boolean;
  /** The `--netns` value that weir was called with, '' without one. */
  readonly netns: string;
  /** Null where /proc does not show it. */
  readonly namespace: StoredNamespace | null;
}
