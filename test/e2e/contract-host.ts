/** The host on which the firewall contract runs, real or simulated. */
import type { Firewall } from '../../src/interception/ports.ts';

/** A connection to open on the contract's host. */
export interface ConnectRequest {
  /** Who opens it; an account that no test selects if left out. */
  readonly uid?: number;
  readonly gid?: number;
  /** One of the host's `slices`; the root cgroup if left out. */
  readonly cgroup?: string;
  /** Where to; the other host's address of `family` if left out. */
  readonly to?: string;
  readonly family?: 4 | 6;
  /** One of PLACES.ports; 80 if left out. */
  readonly port?: number;
  /** Opened by the other host, towards this one; `uid`, `gid`, `cgroup` and `to` say nothing then. */
  readonly inbound?: boolean;
}

/** A connection that stays open until the host goes. */
export interface ContractConnection {
  /** The port it was redirected to, null if it reached whom it was meant for. */
  readonly redirectedTo: number | null;
  /** Its conntrack mark, 0 if it has none or is not tracked. */
  mark(): Promise<number>;
  /** Sends something and resolves to whether the same server answered. */
  isAlive(): Promise<boolean>;
}

/** A host with one firewall and real or simulated packets, on which the contract suite runs. */
export interface ContractHost {
  readonly firewall: Firewall;
  /** Two cgroups, the second inside the first, and one beside them. */
  readonly slices: { readonly parent: string; readonly child: string; readonly beside: string };
  /** Rejects if the connection neither reached anybody nor was redirected. */
  connect(request: ConnectRequest): Promise<ContractConnection>;
  /**
   * Puts rules of other programs in, as docker does it: tables or chains of their own, jumps from built-in chains, and a
   * redirect of everybody's IPv4 connections to PLACES.foreignRedirect.
   */
  addForeign(): Promise<void>;
  /** Takes a foreign rule out and puts it back at the head of the built-in chain, as a reload of docker does it. */
  reloadForeign(): Promise<void>;
  /** Takes out what `addForeign` put in. */
  removeForeign(): Promise<void>;
  /** Everything in the firewall as text, without counters. */
  listing(): Promise<string>;
  nowMs(): number;
  /** Lets time pass, milliseconds. */
  pass(ms: number): Promise<void>;
}

/** The small world of the contract: who and where everybody is. */
export const PLACES = {
  uids: { pay: 20_001, web: 20_002, nobody: 20_003, sidecar: 1337 },
  gids: { mesh: 20_100 },
  /** Ports on which the other host answers. */
  ports: [80, 443, 9092, 20_880],
  /** Ports on which this host's application answers. */
  inboundPorts: [7001, 7002],
  /** Ports on which this host's sidecar answers. */
  sidecarPorts: [15_001, 15_002, 15_006],
  /** What foreign rules redirect, to a port on which this host's application answers. */
  foreignRedirect: { port: 9092, to: 7002 },
  thisHost: { 4: '10.77.0.1', 6: 'fd77::1' },
  otherHost: { 4: '10.77.0.2', 6: 'fd77::2' },
  /** More addresses of the other host, for rules on networks. */
  elsewhere: { 4: '192.0.2.7', 6: '2001:db8::7' },
} as const;
