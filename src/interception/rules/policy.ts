/** The types of an interception policy, the input of both compilers. */
import type { Cidr, PortRange, TrafficScope } from '../../mesh/mesh-config.ts';

/** The complete input of a compiler: numbers only, no names to look up, no clock. */
export interface InterceptPolicy {
  readonly apps: readonly InterceptedApp[];
  /** Accounts that are never redirected: those of every sidecar. */
  readonly guard: { readonly uids: readonly number[]; readonly gids: readonly number[] };
  /** Ports of ssh listeners, left alone in both directions unless an app accepted the risk. */
  readonly sshPorts: readonly PortRange[];
  /** Hosts at the other end of live ssh sessions. */
  readonly sshPeers: readonly Cidr[];
  /** Ports of sidecar listeners and admin endpoints: never redirected. */
  readonly reservedPorts: readonly number[];
  /** Keep conntrack and NAT alive for connections that are still proxied. */
  readonly keeper: boolean;
  /** Keep the memory of transparently proxied connections; false where nothing of it is installed. */
  readonly flowKeeper?: boolean;
}

/** One application whose new connections go through its sidecar. */
export interface InterceptedApp {
  readonly name: string;
  readonly mode: DivertMode;
  /** Its place in the conntrack mark, 1..65535, the same as long as weir remembers the app. */
  readonly slot: number;
  readonly select: ResolvedSelector;
  /** Ports where the sidecar accepts redirected connections. */
  readonly outboundPort: number | null;
  readonly inboundPort: number | null;
  readonly outbound: TrafficScope | null;
  readonly inbound: TrafficScope | null;
  readonly families: Families;
  /** `--accept-risk lose-ssh` was given: ssh ports and peers are not left alone. */
  readonly acceptsSshRisk: boolean;
  /**
   * The kernel diverts only for so many whole seconds after the last renewal; null: without a lease. Whole seconds, since
   * xt_recent counts no less, and `nft -j` tells no less.
   */
  readonly leaseSeconds: number | null;
  /** Interception ends by itself, null for never. */
  readonly deadline: Deadline | null;
}

/** How connections are brought to a sidecar: by NAT, or by marks, routing and a transparent listener. */
export type DivertMode = 'redirect' | 'tproxy';

/** Which address families are redirected. */
export interface Families {
  readonly ipv4: boolean;
  readonly ipv6: boolean;
}

/** The end of an unconfirmed interception, both as a duration (nft element timeout) and a date (iptables `-m time`). */
export interface Deadline {
  readonly timeoutMs: number;
  readonly epochSeconds: number;
}

/** A selector with numeric ids. */
export type ResolvedSelector =
  | { readonly kind: 'users'; readonly uids: readonly number[] }
  | { readonly kind: 'group'; readonly gid: number }
  | { readonly kind: 'slice'; readonly path: string }
  | { readonly kind: 'all' };
