/** The port of passive looks at the surroundings that an application's connections pass. */
import type { TcpEndpoint } from '../ports.ts';
import type { ForeignTable } from './foreign-rules.ts';
import type { Seen } from './seen.ts';

/** Looks at the network namespace of this process and at the processes of the host. */
export interface Surroundings {
  /** Rules of other programs in every back end, without weir's own. */
  foreignRules(): Promise<Seen<readonly ForeignTable[]>>;
  /** Processes that are wanted; an unreadable fact of one is null, and no process is left out. */
  processes(wanted: WantedProcesses): Promise<Seen<readonly ProcessFact[]>>;
  /** Accounts of these processes; one that has ended is left out. */
  accountsOf(pids: readonly number[]): Promise<ReadonlyMap<number, ProcessAccount>>;
  routing(): Promise<Seen<RoutingFacts>>;
  /** Null where this process shares the user namespace that owns the network namespace. */
  foreignUserNamespace(): Promise<Seen<ForeignUserNamespace | null>>;
  /**
   * Makes a throw-away neighbour that calls can be made from; unseen where none may be made. The only look that changes
   * anything: a link is there until `close`, or until this process ends.
   */
  openNeighbour(): Promise<Seen<Neighbour>>;
  /** Numbers of the kernel by their path below /proc/sys; null where there is none such. */
  limits(): Promise<Seen<KernelLimits>>;
}

/** A place outside of this network namespace. */
export interface Neighbour {
  /** Where its calls come from. */
  readonly sources: { readonly ipv4: string; readonly ipv6: string };
  /** Connects side by side; this end of each that was accepted within a second, null for the others. */
  call(calls: readonly OutsideCall[]): Promise<readonly (TcpEndpoint | null)[]>;
  close(): Promise<void>;
}

/** A connection from outside. */
export interface OutsideCall {
  readonly address: string;
  readonly port: number;
}

/** The ids that netfilter knows a process's sockets by: those of the file system, which follow the effective ones. */
export interface ProcessAccount {
  readonly uid: number;
  readonly gid: number;
  /** Supplementary groups, which netfilter's owner match does not look at. */
  readonly groups: readonly number[];
}

/** Which processes of the host are looked for. */
export interface WantedProcesses {
  /** Whether `has` asks for cgroups, which take a file more for each process. */
  readonly needsCgroup: boolean;
  has(account: ProcessAccount, cgroup: string | null): boolean;
}

/** One process. */
export interface ProcessFact extends ProcessAccount {
  readonly pid: number;
  readonly name: string;
  /** Its path in cgroup v2 without a leading slash, '' for the root; null where that is not known or was not asked. */
  readonly cgroup: string | null;
  /** Whether it is in the network namespace of this process; null where that cannot be told. */
  readonly isHere: boolean | null;
}

/** How packets are routed. */
export interface RoutingFacts {
  /** Rules that are asked before the table of this host's own addresses (`lookup local`), as `ip rule` writes them. */
  readonly rulesBeforeLocal: readonly { readonly family: 4 | 6; readonly text: string; readonly hasMark: boolean }[];
  readonly interfaces: readonly InterfaceFact[];
}

/** An interface that is up. */
export interface InterfaceFact {
  readonly name: string;
  readonly isLoopback: boolean;
  /** Addresses of global scope, canonical. */
  readonly addresses: readonly string[];
  /** Whether there are any, by family. */
  readonly has: { readonly ipv4: boolean; readonly ipv6: boolean };
  /** Whether a route of this family leads out by it. */
  readonly carries: { readonly ipv4: boolean; readonly ipv6: boolean };
}

/** The user namespace that owns this network namespace, where it is another one than this process's. */
export interface ForeignUserNamespace {
  /** Its inode. */
  readonly id: number;
  /** A process in it, to be named in `nsenter -t PID -U -n`; null when none is seen. */
  readonly pid: number | null;
}

/** Limits of the kernel that end or break connections later. */
export interface KernelLimits {
  /** Seconds until an idle tracked connection is forgotten; null while nothing tracks. */
  readonly establishedTimeoutS: number | null;
  /** Seconds until TCP asks an idle peer whether it lives. */
  readonly keepaliveS: number | null;
  /** Ports that outgoing connections are given. */
  readonly localPorts: { readonly from: number; readonly to: number } | null;
  /** Ports that no outgoing connection is given although they lie in that range. */
  readonly reservedPorts: readonly { readonly from: number; readonly to: number }[];
}
