/** Rules of other programs, as far as they matter to a diverted connection: nft's and iptables' in one vocabulary. */
import type { PortRange } from '../../mesh/mesh-config.ts';

/** A table of somebody else in one protocol family. */
export interface ForeignTable {
  readonly family: 'ip' | 'ip6' | 'inet';
  readonly name: string;
  /** Whose tool wrote it. */
  readonly by: 'nft' | 'iptables-nft' | 'iptables-legacy';
  readonly chains: readonly ForeignChain[];
}

/** A chain; one with a hook is entered from the kernel. */
export interface ForeignChain {
  readonly name: string;
  readonly hook: { readonly at: string; readonly type: string; readonly priority: number } | null;
  /** The verdict on a packet that no rule decided about. */
  readonly policy: 'accept' | 'drop';
  readonly rules: readonly ForeignRule[];
}

/** One rule: all conditions must hold, then its effects happen, then its verdict. */
export interface ForeignRule {
  readonly conditions: readonly Condition[];
  readonly effects: readonly Effect[];
  readonly verdict: ForeignVerdict;
  /** As an operator would look for it. */
  readonly text: string;
}

/** A condition of a rule on a packet. `unknown` can hold or not. */
export type Condition =
  | { readonly on: 'dport'; readonly ports: readonly PortRange[]; readonly negate: boolean }
  | { readonly on: 'uid' | 'gid'; readonly ids: readonly PortRange[]; readonly negate: boolean }
  | { readonly on: 'daddr'; readonly cidrs: readonly string[]; readonly negate: boolean }
  | { readonly on: 'interface'; readonly names: readonly string[]; readonly negate: boolean }
  | { readonly on: 'state'; readonly states: readonly string[]; readonly negate: boolean }
  | { readonly on: 'protocol'; readonly protocols: readonly string[]; readonly negate: boolean }
  | { readonly on: 'family'; readonly family: 4 | 6 }
  | { readonly on: 'unknown'; readonly text: string; readonly negate: boolean };

/** An effect of a rule on the connection besides the verdict. */
export type Effect =
  | 'untracked'
  | 'zone'
  | 'sets-connection-mark'
  | 'restores-connection-mark'
  | 'sets-packet-mark'
  | 'forwards';

/** Where a rule leads. */
export type ForeignVerdict =
  | { readonly to: 'accept' | 'drop' | 'return' | 'continue' }
  | { readonly to: 'jump' | 'goto'; readonly chain: string };
