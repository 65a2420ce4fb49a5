/** The messages between weir and a probe child. */
import type { TcpEndpoint } from '../../ports.ts';

/** The first order to a probe child, one JSON line on its stdin. The child ends when its stdin does. */
export interface ProbeOrders {
  /** Absolute folder of the cgroup to move into first, or null. */
  readonly cgroup: string | null;
  readonly targets: readonly ProbeTarget[];
  /** How long a connection may take, in milliseconds. */
  readonly timeoutMs: number;
  /** How many connections may be under way at once. */
  readonly atOnce: number;
}

/** One connection to try: the addresses in order, until one has a route. */
export interface ProbeTarget {
  readonly id: number;
  readonly uid: number;
  /** Null keeps the group. */
  readonly gid: number | null;
  readonly port: number;
  readonly addresses: readonly string[];
}

/** A later order, one JSON line each: connections that nobody waits for any more. */
export interface ProbeRelease {
  readonly release: readonly number[];
}

/** Why a connection failed that was neither accepted nor refused within its time. */
export const NO_ANSWER = 'no answer in time';

/** A report of a probe child, one JSON line each. */
export type ProbeEvent =
  /** The SYN is out. */
  | { readonly event: 'sent'; readonly id: number; readonly source: TcpEndpoint; readonly destination: TcpEndpoint }
  | { readonly event: 'accepted'; readonly id: number; readonly ms: number }
  /** After `sent`: refused or timed out; without it: no address could be tried, `why` names the errors. */
  | { readonly event: 'failed'; readonly id: number; readonly why: string; readonly ms: number }
  /** Nothing could be tried: no right to act as that account, or no way into the cgroup. */
  | { readonly event: 'impossible'; readonly id: number; readonly why: string };
