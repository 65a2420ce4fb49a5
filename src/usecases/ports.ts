import type { AdminAddress } from '../config/mesh-config.ts';
import type { Lease } from '../intercept/lease.ts';
import type { RulesetChange } from '../intercept/operations.ts';
import type { Ruleset, Scope } from '../intercept/ruleset.ts';
import type { StoredState } from './stored-state.ts';

/** The three ways to talk to netfilter, in the order in which they are preferred. */
export type Backend = 'nft' | 'iptables-nft' | 'iptables-legacy';

/** What one back end holds of weir. */
export interface InstalledRules {
  /** One `inet` ruleset for nft, `ip` and `ip6` for iptables; a family without a trace of ours has no tables. */
  readonly rulesets: readonly Ruleset[];
  /** Whether the table that iptables redirects in exists, by scope; nft: whether `weir` exists. */
  readonly tableExists: ReadonlyMap<Scope, boolean>;
}

/** A firewall back end in the network namespace that weir runs in. */
export interface Firewall {
  readonly backend: Backend;
  /**
   * Reads what is ours, by name and tag. Passive: never creates a table.
   * @throws WeirError when the tool is missing or fails
   */
  read(): Promise<InstalledRules>;
  /**
   * Commits the changes of each family as one transaction, IPv6 first; when a later family fails, the earlier one's
   * undo is committed and the error says so. Resolves to the milliseconds that the tools ran.
   * @throws WeirError when a transaction is refused; nothing of it is in force then
   */
  commit(changes: readonly RulesetChange[]): Promise<{ readonly ms: number }>;
  /** The text that `commit` would feed to the tool, with the command as a comment line. */
  render(changes: readonly RulesetChange[]): string;
  /**
   * Lets leased applications be diverted for their time from now on, and changes nothing else: cheap enough for every
   * second, and safe beside any other change. Resolves to the applications whose rules are not there.
   */
  renewLeases(leases: readonly Lease[]): Promise<readonly string[]>;
  /** Gets ready for a transaction that must be quick: in a process that lives on, no program has to be started for it. */
  standBy(): Promise<void>;
  /** Milliseconds that each lease has left, by application; 0 once it has lapsed. */
  remainingLeases(leases: readonly Lease[]): Promise<ReadonlyMap<string, number>>;
  /** Tries the rules without committing them; the error names a missing kernel module or match where it can. */
  test(changes: readonly RulesetChange[]): Promise<void>;
}

/** One tracked TCP connection that carries a mark of weir. Addresses are canonical text. */
export interface TrackedFlow {
  readonly mark: number;
  /** Conntrack's word: ESTABLISHED, SYN_SENT, CLOSE_WAIT, TIME_WAIT ... */
  readonly state: string;
  /** As the client sent it: source, and the destination before redirection. */
  readonly source: Endpoint;
  readonly originalDestination: Endpoint;
  /** Who answers: the sidecar's listener after redirection. */
  readonly answeredBy: Endpoint;
}

/** An address and a TCP port. */
export interface Endpoint {
  readonly address: string;
  readonly port: number;
}

/** One TCP socket of the namespace, as the kernel's socket diagnostics show it. */
export interface TcpSocket {
  /** ESTAB, LISTEN, SYN-SENT ... as ss prints it. */
  readonly state: string;
  readonly local: Endpoint;
  readonly peer: Endpoint;
  readonly uid: number;
  /** cgroup v2 path without leading slash, '' for the root, null when unknown. */
  readonly cgroup: string | null;
  readonly processes: readonly { readonly name: string; readonly pid: number }[];
  /** Listening on a wildcard address that takes both families. */
  readonly dualStack: boolean;
}

/** How much is to be found out about sockets. */
export interface SocketListing {
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
  abort(pairs: readonly { readonly local: Endpoint; readonly peer: Endpoint }[]): Promise<number>;
  /** Deletes conntrack entries under a mark and mask, so that nothing goes on through the old mapping. */
  forget(filter: { readonly mark: number; readonly mask: number }): Promise<number>;
}

/** What a sidecar's admin endpoint said. */
export type Readiness =
  | { readonly state: 'ready' }
  | { readonly state: 'not-ready'; readonly detail: string }
  /** Nobody listens. */
  | { readonly state: 'dead'; readonly detail: string }
  /** Something accepts, and does not answer in time. */
  | { readonly state: 'frozen'; readonly detail: string };

/** Asks a sidecar whether it is ready: `GET <path>` answers 200. */
export type AskReadiness = (admin: AdminAddress, path: string, timeoutMs: number) => Promise<Readiness>;

/** One connection to try as somebody, to a place where nobody is. */
export interface ProbeRequest {
  /** Run as the app (uid, gid, cgroup) or as a sidecar account. */
  readonly as: { readonly uid: number; readonly gid: number | null; readonly cgroup: string | null };
  readonly family: 4 | 6;
  readonly port: number;
  /** Addresses to try, the first that has a route is taken. */
  readonly addresses: readonly string[];
}

/** What became of a probe. */
export type ProbeOutcome =
  /** Redirected: this conntrack mark, answered by this endpoint, accepted or refused there. */
  | {
      readonly kind: 'redirected';
      readonly mark: number;
      readonly destination: Endpoint;
      readonly answeredBy: Endpoint;
      readonly accepted: boolean;
      readonly ms: number;
    }
  /** Left the host towards the address itself. */
  | { readonly kind: 'direct'; readonly destination: Endpoint }
  /** No route to any of the addresses in this family, or no right to act as that account. */
  | { readonly kind: 'impossible'; readonly why: string };

/** Sends real packets to prove interception. */
export interface Prober {
  /** Runs the probes side by side; one outcome a request, in order. */
  probe(requests: readonly ProbeRequest[]): Promise<ProbeOutcome[]>;
}

/** Who can be selected by which kernel facts. */
export interface SliceProbe {
  /** Whether this cgroup-v2 path exists, and where the hierarchy is mounted. */
  slice(path: string): Promise<{ readonly exists: boolean; readonly mount: string | null }>;
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

/** A held lock. */
export interface HeldLock {
  release(): Promise<void>;
}

/** One mutating command at a time; kept by the kernel, so a killed holder holds nothing. */
export type TakeLock = (what: string, waitMs: number, onWait: (holder: string) => void) => Promise<HeldLock>;

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

/** Wall clock and waiting, passed in so that tests can own time. */
export interface Clock {
  now(): number;
  /** Milliseconds of a clock that nobody sets: for waiting times and terms. */
  monotonic(): number;
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
}
