import type { AccountId, SidecarConfig } from '../config/mesh-config.ts';
import type { SidecarStatus } from '../upgrade/upgrade-report.ts';
import type { BackendChoice, ForeignFirewall } from './detection.ts';
import type { JournalEntry } from './journal-entry.ts';
import type {
  AskReadiness,
  Backend,
  Clock,
  Connections,
  Firewall,
  PanicFile,
  Prober,
  SliceProbe,
  SshFacts,
  StateStore,
  TakeLock,
} from './ports.ts';

/** Everything that the interception use cases need from the host they run on. Tests pass one made of fakes. */
export interface InterceptHost {
  /** The back end, whether or not it is usable. */
  firewall(backend: Backend): Firewall;
  /** Which back ends can be used here, in order of preference, found without changing anything. */
  backends(): Promise<readonly BackendChoice[]>;
  /** Other meshes and firewalls whose rules are there. */
  foreign(): Promise<readonly ForeignFirewall[]>;
  readonly connections: Connections;
  readonly askReadiness: AskReadiness;
  readonly prober: Prober;
  /** Candidates for a probe's destination in one family, a list a scope: nobody's address first, then one that has a route. */
  probeAddresses(scopes: readonly ProbeScope[], family: 4 | 6): Promise<readonly (readonly string[])[]>;
  readonly slices: SliceProbe;
  readonly store: StateStore;
  /** Appends to the event log; never throws: an event that cannot be written is a warning, not a failure. */
  journal(entry: JournalEntry): Promise<void>;
  /** The event log, oldest first; empty when it cannot be read. */
  readJournal(): Promise<readonly JournalEntry[]>;
  readonly takeLock: TakeLock;
  readonly panicFile: PanicFile;
  /** Whether a supervisor (`weir sidecar run`) answers for this sidecar. */
  isSupervised(sidecar: string): Promise<boolean>;
  /** What weir knows of a sidecar that it runs, also without a supervisor; null for one that somebody else runs. */
  sidecarStatus(name: string, configured: SidecarConfig<AccountId> | null): Promise<SidecarStatus | null>;
  ssh(): Promise<SshFacts>;
  network(): Promise<NetworkFacts>;
  readonly clock: Clock;
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
  /** Whether any interface has an IPv6 address. */
  readonly hasIpv6: boolean;
  /** The `--netns` value that weir was called with, '' without one. */
  readonly netns: string;
}
