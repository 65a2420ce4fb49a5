/** The ports of interception: firewall, connections, prober, state store, panic file. */
import type { Backend } from './backend.ts';
import type { Lease } from './rules/lease.ts';
import type { RulesetChange } from './rules/operations.ts';
import type { DivertMode } from './rules/policy.ts';
import type { Ruleset, RulesetScope } from './rules/ruleset.ts';
import type { StoredState } from './stored-state.ts';

/** The rules of weir in one back end. */
export interface InstalledRules {
  /** One `inet` ruleset for nft, `ip` and `ip6` for iptables; a family without a trace of ours has no tables. */
  readonly rulesets: readonly Ruleset[];
  /** Whether the table that iptables redirects in exists, by scope; nft: whether `weir` exists. */
  readonly tableExists: ReadonlyMap<RulesetScope, boolean>;
}

/** A firewall back end in the network namespace that weir runs in. */
export interface Firewall {
  readonly backend: Backend;
  /**
   * Reads what is ours, by name and tag. Passive: never creates a table. A back end that most likely holds nothing may
   * first be asked by a cheaper look whether it does.
   * @throws WeirError when the tool is missing or fails
   */
  read(expected?: 'ours' | 'nothing'): Promise<InstalledRules>;
  /**
   * Reads the rules of what was read before again, for the sake of their counters. What maps and sets hold is taken from
   * then: it is the larger part by far, and counts nothing. A table or chain that is gone is left out.
   * @throws WeirError when the tool is missing or fails
   */
  recount(found: readonly Ruleset[]): Promise<readonly Ruleset[]>;
  /**
   * Commits the changes of each family as one transaction, IPv6 first; when a later family fails, the earlier one's
   * undo is committed and the error says so. Resolves to the milliseconds that the tools ran.
   * @throws WeirError when a transaction is refused; nothing of it is in force then
   */
  commit(changes: readonly RulesetChange[]): Promise<{ readonly ms: number }>;
  /** The text that `commit` would feed to the tool, with the command as a comment line. */
  render(changes: readonly RulesetChange[]): string;
  /**
   * Renews leases and changes nothing else. It is cheap enough for every second, and safe beside any other change.
   * Resolves to the applications whose rules are missing.
   */
  renewLeases(leases: readonly Lease[]): Promise<readonly string[]>;
  /** Prepares a quick transaction: a long-lived process starts the tools in advance. */
  standBy(): Promise<void>;
  /** Milliseconds that each lease has left, by application; 0 once it has lapsed. */
  remainingLeases(leases: readonly Lease[]): Promise<ReadonlyMap<string, number>>;
  /** Connections that the rules of transparent proxying remember; empty where there are none such (iptables). */
  flows(): Promise<readonly RememberedFlow[]>;
  /** Forgets remembered connections: their next packets go direct. One that is not remembered is no failure. */
  forgetFlows(flows: readonly Pick<RememberedFlow, 'source' | 'destination'>[]): Promise<void>;
  /** Tries the rules without committing them; the error names a missing kernel module or match where it can. */
  test(changes: readonly RulesetChange[]): Promise<void>;
}

/** One connection that packets entered into the memory of transparent proxying. */
export interface RememberedFlow {
  readonly source: TcpEndpoint;
  readonly destination: TcpEndpoint;
  /** `closing`: one side has sent FIN or RST; `ended`: only its beginning is still known. */
  readonly state: 'open' | 'closing' | 'ended';
  /** The mark of its first packet; null once that is forgotten. */
  readonly mark: number | null;
  /** A listener took its first packet; false as well once that is forgotten. */
  readonly isTaken: boolean;
  /** The port of the listener that the rules give outbound connections under its mark to. */
  readonly port: number | null;
}

/** One tracked TCP connection that carries a mark of weir. Addresses are canonical text. */
export interface TrackedFlow {
  /** Set where the connection is proxied transparently, and conntrack knows nothing of it. */
  readonly mode?: 'tproxy';
  readonly mark: number;
  /** Conntrack's word: ESTABLISHED, SYN_SENT, CLOSE_WAIT, TIME_WAIT ... */
  readonly state: string;
  /** As the client sent it: source, and the destination before redirection. */
  readonly source: TcpEndpoint;
  readonly originalDestination: TcpEndpoint;
  /** The endpoint that answers: the sidecar's listener after redirection. */
  readonly answeredBy: TcpEndpoint;
}

/** An address and a TCP port. */
export interface TcpEndpoint {
  readonly address: string;
  readonly port: number;
}

/** One TCP socket of the namespace, as the kernel's socket diagnostics show it. */
export interface TcpSocket {
  /** ESTAB, LISTEN, SYN-SENT ... as ss prints it. */
  readonly state: string;
  readonly local: TcpEndpoint;
  readonly peer: TcpEndpoint;
  readonly uid: number;
  /** cgroup v2 path without leading slash, '' for the root, null when unknown. */
  readonly cgroup: string | null;
  readonly processes: readonly { readonly name: string; readonly pid: number }[];
  /** Listening on a wildcard address that takes both families. */
  readonly dualStack: boolean;
  /** IP_TRANSPARENT is set: it may take connections to any address. Null where ss does not tell. */
  readonly transparent: boolean | null;
  /** The device that it is bound to (SO_BINDTODEVICE), or whose link its address belongs to; null when neither. */
  readonly device: string | null;
}

/** The extent of a listing of sockets. */
export interface SocketListing {
  /** Whether options of sockets are shown; without it `transparent` is null. Default false. */
  readonly sockopts?: boolean;
  /** Whose they are; without it `processes` is empty. ss walks all of /proc for it, which takes far longer than the rest. */
  readonly processes: boolean;
}

/** Connections of the namespace. */
export interface Connections {
  /** Flows whose mark is weir's; `mask`/`mark` narrow it to one application. One listing, however many apps. */
  tracked(filter?: { readonly mark: number; readonly mask: number }): Promise<TrackedFlow[]>;
  /** Every TCP socket; `listening` alone is cheaper. */
  sockets(kind: 'listening' | 'connected', options?: SocketListing): Promise<TcpSocket[]>;
  /** Effective group ids of processes; one that has ended is left out. Sockets carry a uid but no gid. */
  groupsOf(pids: readonly number[]): Promise<ReadonlyMap<number, number>>;
  /** Aborts these sockets at both ends that are on this host (needs INET_DIAG_DESTROY); resolves to how many went. */
  abort(pairs: readonly { readonly local: TcpEndpoint; readonly peer: TcpEndpoint }[]): Promise<number>;
  /** Deletes conntrack entries under a mark and mask, so that no packet uses the old mapping any more. */
  forget(filter: { readonly mark: number; readonly mask: number }): Promise<number>;
}

/** One connection to try as somebody, to a place where nobody is. */
export interface ProbeRequest {
  /** Run as the app (uid, gid, cgroup) or as a sidecar account. */
  readonly as: { readonly uid: number; readonly gid: number | null; readonly cgroup: string | null };
  readonly family: 4 | 6;
  /** How its connection would be diverted: tells where to look for it. */
  readonly mode: DivertMode;
  readonly port: number;
  /** Addresses to try, the first that has a route is taken. */
  readonly addresses: readonly string[];
}

/** The outcome of a probe. */
export type ProbeOutcome =
  /** Redirected: this conntrack mark, answered by this endpoint, accepted or refused there. */
  | {
      readonly kind: 'redirected';
      readonly mark: number;
      readonly destination: TcpEndpoint;
      readonly answeredBy: TcpEndpoint;
      readonly accepted: boolean;
      /** Why it was not accepted, as the system says it, where that is known. */
      readonly why?: string | undefined;
      readonly ms: number;
    }
  /** Left the host towards the address itself. */
  | { readonly kind: 'direct'; readonly destination: TcpEndpoint }
  /** No route to any of the addresses in this family, or no right to act as that account. */
  | { readonly kind: 'impossible'; readonly why: string };

/** Sends real packets to prove interception. */
export interface Prober {
  /** Starts what a probe takes, so that the next one begins sooner. Safe to call without a probe that follows. */
  prepare(): void;
  /** Runs the probes side by side; one outcome a request, in order. */
  probe(requests: readonly ProbeRequest[]): Promise<ProbeOutcome[]>;
}

/** The remembered state of one state directory. */
export interface StateStore {
  /** Null when there is none yet; a damaged or unreadable file is reported, not thrown: off must work without it. */
  read(): Promise<{ readonly state: StoredState | null; readonly problem: string | null }>;
  /**
   * Replaces the state durably (write, fsync, rename, fsync of the folder).
   * @throws WeirError when the directory cannot be written (read-only, full): the old state is still whole
   */
  write(state: StoredState): Promise<void>;
  /** Removes every file of weir in the directory, and the directory when it is empty. */
  remove(): Promise<void>;
}

/** The pre-rendered panic file. */
export interface PanicFile {
  readonly path: string;
  /** Replaces it atomically, mode 0755. */
  write(text: string): Promise<void>;
  remove(): Promise<void>;
  /** Apps that the panic file switched off (its own marker files), with the time. */
  pressed(): Promise<ReadonlyMap<string, string>>;
  /** Forgets the marker of an app. */
  forget(app: string): Promise<void>;
}

/** ssh facts of the namespace. */
export interface SshFacts {
  readonly ports: readonly number[];
  /** Canonical addresses of the other ends of live ssh sessions. */
  readonly peers: readonly string[];
}

/** The routing rules that bring packets with a mark of weir to loopback, in the network namespace of this process. */
export interface MarkRoutes {
  /** What is there of ours, and what stands in the way. */
  read(): Promise<MarkRoutesFacts>;
  /**
   * Makes what is missing, a family at a time: the route first, so that no packet meets a rule without one. A family
   * that the kernel does not have is left out.
   * @throws WeirError when `ip` refuses; what was made before stays, and does nothing without a mark
   */
  ensure(): Promise<void>;
  /** Removes every copy of ours; nothing of others. */
  remove(): Promise<void>;
  /** The commands of `ensure` for these families, a line each. */
  render(families: readonly (4 | 6)[]): string;
}

/** The routing of marks, by family. */
export interface MarkRoutesFacts {
  /** Families in which both the rule and the route are there. */
  readonly whole: readonly (4 | 6)[];
  /** Families in which anything of ours is there. */
  readonly some: readonly (4 | 6)[];
  /** Rules of others that take packets with a mark of weir first, or whose marks weir's rule would take. */
  readonly clashes: readonly string[];
  /** Rules of others without a mark that are asked before weir's. */
  readonly earlier: readonly string[];
  /** Routes of others in weir's table. */
  readonly foreignRoutes: readonly string[];
}
