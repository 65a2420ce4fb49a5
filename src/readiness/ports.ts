/** The port of readiness: host facts that adapters supply and checks judge. */
import type { RegistryConfig } from '../mesh/discovery-config.ts';
import type { FolderFact, RightsFacts } from '../platform/facts/rights-facts.ts';

/** Facts about a host that `weir check` judges. Each call is passive: it changes nothing on the host. */
export interface HostFacts {
  kernel(): Promise<KernelFacts>;
  /** The programs among `names` that PATH (and the sbin folders) have or may have, with their versions. */
  tools(names: readonly string[]): Promise<ReadonlyMap<string, ToolFact>>;
  /** Tries the features of weir's rules with one tool, in a network namespace that is discarded afterwards. */
  tryRules(tool: RuleTool): Promise<RuleTrial>;
  /**
   * The rules in nat tables, by the tool that wrote them. A legacy table that does not exist is not read, because
   * reading would make it. Null when it cannot be told: the tool is missing or fails.
   */
  natRules(): Promise<{ readonly nft: number | null; readonly legacy: number | null }>;
  rights(): Promise<RightsFacts>;
  folder(path: string): Promise<FolderFact>;
  /** Null while nothing in this network namespace tracks connections. */
  conntrackRoom(): Promise<ConntrackRoom | null>;
  /** Where the cgroup-v2 hierarchy is mounted; empty when it is not. */
  cgroupMounts(): Promise<readonly string[]>;
  clock(): Promise<ClockFacts>;
  /** The real Groovy with which routing rules are compared. */
  groovy(): Promise<GroovyFacts>;
  /** The real Dubbo routers with which condition, tag and JavaScript rules are compared, by release. */
  dubboRouters(): Promise<readonly DubboRouterFacts[]>;
  /** Why a registry cannot be read from here; null when it answers. */
  authFileProblem(file: string): Promise<string | null>;
  registryProblem(registry: RegistryConfig): Promise<string | null>;
  /** What the discovery agent of a run directory says; null when none answers. */
  discoveryAgent(runDir: string): Promise<DiscoveryAgentFacts | 'silent' | null>;
  /** Files of weir in a folder, by name; empty when there are none or no such folder. */
  filesIn(path: string): Promise<readonly string[]>;
}

/** Whether the jars of a release of Dubbo were found. */
export interface DubboRouterFacts {
  /** `3.2.16`. */
  readonly release: string;
  /** The first jar that is not there, and where it was looked for; null when all are there. */
  readonly why: string | null;
}

/** The programs that write rules; the iptables ones exist twice, once a family. */
export type RuleTool = 'nft' | 'iptables-nft' | 'ip6tables-nft' | 'iptables-legacy' | 'ip6tables-legacy';

/** The running kernel. */
export interface KernelFacts {
  /** As `uname -r` prints it. */
  readonly release: string;
  /** Whether this network namespace has IPv6 at all. */
  readonly hasIpv6: boolean;
  /**
   * CONFIG_INET_DIAG_DESTROY: `ss -K` can abort connections. Null when the kernel's configuration is not published, or
   * not to this user.
   */
  readonly canAbortSockets: boolean | null;
}

/** One program. */
export interface ToolFact {
  /** `1.8.9 (nf_tables)`; null when it prints none. */
  readonly version: string | null;
  /** It is there, and whether it works cannot be told: why, and the next step. */
  readonly unknown?: { readonly why: string; readonly hint: string };
}

/** The result of a trial of rules. */
export type RuleTrial =
  | { readonly outcome: 'tried'; readonly failures: readonly FeatureFailure[] }
  /** No throw-away namespace may be made, or the tool is not there. */
  | { readonly outcome: 'impossible'; readonly why: string };

/** A feature that weir's rules need and this kernel lacks. */
export interface FeatureFailure {
  readonly feature: string;
  /** The kernel module that would do it. */
  readonly module: string;
  /** The tool's message. */
  readonly error: string;
}

/** How full the connection tracking table is. */
export interface ConntrackRoom {
  /** Entries of the network namespace. */
  readonly count: number;
  /** The kernel's limit (nf_conntrack_max); beyond it new connections are dropped. 0 stands for none. */
  readonly max: number;
}

/** The known facts about the wall clock. */
export interface ClockFacts {
  /** Milliseconds since the epoch. */
  readonly nowMs: number;
  /** Whether a time service keeps it right; null when none is known. */
  readonly isSynchronised: boolean | null;
  /** The service that reports it: `systemd-timesyncd`, `chrony`, `ntpd`; null when none does. */
  readonly by: string | null;
}

/** Whether a real Groovy can be run here. */
export interface GroovyFacts {
  /** The version that weir compares scripts with. */
  readonly wanted: string;
  readonly jar: {
    /** Where it was looked for. */
    readonly path: string;
    /** `unknown`: the place could not be looked at. */
    readonly state: 'found' | 'missing' | 'unknown';
    /** Why it is not `found`; null when it is. */
    readonly why: string | null;
    /** What it says of itself; null when it was not run or said nothing. */
    readonly version: string | null;
  };
  /** Null: PATH holds no java. `isJdk` is null when it does not tell. */
  readonly java: { readonly version: string | null; readonly isJdk: boolean | null } | null;
}

/** What matters of a discovery agent. */
export interface DiscoveryAgentFacts {
  readonly serving: boolean;
  readonly held: readonly { readonly app: string; readonly reason: string; readonly wouldRemove: number }[];
  /** Resources that an Envoy refuses. */
  readonly nacked: readonly { readonly node: string; readonly what: string; readonly error: string }[];
  /** Registries without a session. */
  readonly lost: readonly string[];
  /** Registries that refuse to show something: how much, and the first of it. */
  readonly refused: readonly { readonly registry: string; readonly total: number; readonly first: string }[];
}
