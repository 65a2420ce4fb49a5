/** Facts about a host that `weir check` judges. Each call is passive: it changes nothing on the host. */
export interface HostFacts {
  kernel(): Promise<KernelFacts>;
  /** The programs among `names` that PATH (and the sbin folders) have, with their versions. */
  tools(names: readonly string[]): Promise<ReadonlyMap<string, ToolFact>>;
  /** Tries what weir's rules are made of with one tool, in a network namespace that is thrown away afterwards. */
  tryRules(tool: RuleTool): Promise<RuleTrial>;
  /** Rules in nat tables, by who wrote them; a legacy table that does not exist is not asked for, which would make it. */
  natRules(): Promise<{ readonly nft: number; readonly legacy: number }>;
  rights(): Promise<RightsFacts>;
  folder(path: string): Promise<FolderFact>;
  /** Null while nothing in this network namespace tracks connections, or where the kernel does not tell. */
  conntrackRoom(): Promise<ConntrackRoom | null>;
  /** Where the cgroup-v2 hierarchy is mounted; empty when it is not. */
  cgroupMounts(): Promise<readonly string[]>;
  clock(): Promise<ClockFacts>;
  /** Files of weir in a folder, by name; empty when there are none or no such folder. */
  filesIn(path: string): Promise<readonly string[]>;
}

/** The programs that write rules; the iptables ones exist twice, once a family. */
export type RuleTool = 'nft' | 'iptables-nft' | 'ip6tables-nft' | 'iptables-legacy' | 'ip6tables-legacy';

/** The running kernel. */
export interface KernelFacts {
  /** As `uname -r` prints it. */
  readonly release: string;
  /** Whether this network namespace has IPv6 at all. */
  readonly hasIpv6: boolean;
  /** CONFIG_INET_DIAG_DESTROY: `ss -K` can abort connections. Null when the kernel's configuration is not published. */
  readonly canAbortSockets: boolean | null;
}

/** One program. */
export interface ToolFact {
  /** `1.8.9 (nf_tables)`; null when it prints none. */
  readonly version: string | null;
}

/** What became of a trial of rules. */
export type RuleTrial =
  | { readonly outcome: 'tried'; readonly failures: readonly FeatureFailure[] }
  /** No throw-away namespace may be made, or the tool is not there. */
  | { readonly outcome: 'impossible'; readonly why: string };

/** One thing that weir's rules need and this kernel does not do. */
export interface FeatureFailure {
  readonly feature: string;
  /** The kernel module that would do it. */
  readonly module: string;
  /** What the tool said. */
  readonly error: string;
}

/** What the process that runs weir may do. */
export interface RightsFacts {
  readonly uid: number;
  /** Effective capabilities that matter here, by their names without `CAP_`. */
  readonly capabilities: ReadonlySet<'NET_ADMIN' | 'SYS_ADMIN' | 'SETUID' | 'SETGID' | 'DAC_OVERRIDE'>;
}

/** Whether weir can keep files in a folder, which need not exist yet. */
export interface FolderFact {
  readonly path: string;
  readonly state: 'writable' | 'missing' | 'read-only' | 'not-permitted' | 'not-a-folder';
  /** Bytes that are left to unprivileged users on its file system. */
  readonly freeBytes: number;
}

/** How full the connection tracking table is. */
export interface ConntrackRoom {
  readonly count: number;
  readonly max: number;
}

/** What is known about the wall clock. */
export interface ClockFacts {
  /** Milliseconds since the epoch. */
  readonly nowMs: number;
  /** Whether a time service keeps it right; null when none is known. */
  readonly isSynchronised: boolean | null;
  /** Who says so: `systemd-timesyncd`, `chrony`, `ntpd`; null when nobody does. */
  readonly by: string | null;
}
