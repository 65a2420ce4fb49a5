/** The types of rulesets: tables, chains, rules, matches, verdicts, maps. */
import type { Cidr, PortRange } from '../../mesh/mesh-config.ts';
import type { OwnerTag } from './tag.ts';

/**
 * The back-end-neutral intermediate representation of weir's firewall rules. Both compilers (native nft with maps,
 * iptables with a chain an application) write it, and both readers parse into it. Install, plan, diff, verify, the
 * panic file and removal all start from it.
 */
export interface Ruleset {
  /** `inet` for native nft; iptables has one ruleset a family. */
  readonly scope: RulesetScope;
  readonly tables: readonly Table[];
}

/** The protocol family of a ruleset, in the kernel's words. */
export type RulesetScope = 'inet' | 'ip' | 'ip6';

/** A table: all of it is weir's under nft; under iptables only the chains named here are. */
export interface Table {
  readonly name: string;
  /** Sets and maps; always empty under iptables. */
  readonly maps: readonly RuleMap[];
  readonly chains: readonly Chain[];
}

/** A chain; with a hook it is entered from the kernel (nft) or by one jump from the built-in chain (iptables). */
export interface Chain {
  readonly name: string;
  readonly hook: Hook | null;
  readonly rules: readonly Rule[];
}

/** Where packets enter a chain. */
export interface Hook {
  readonly at: 'output' | 'prerouting' | 'postrouting';
  readonly type: 'nat' | 'filter' | 'route';
  /** netfilter priority; lower runs first, iptables' own nat table stands at -100. */
  readonly priority: number;
  /** iptables only: the 1-based place of the jump in the built-in chain, `last` when any place will do. */
  readonly position: number | 'last' | null;
}

/** One rule: all matches must hold, then the actions happen, then the verdict. */
export type Rule = KnownRule | UnknownRule;

/** A rule whose every part weir understands. */
export interface KnownRule {
  readonly kind: 'known';
  readonly matches: readonly Match[];
  readonly actions: readonly Action[];
  readonly verdict: RuleVerdict;
  /** Whether the rule counts packets; iptables always counts, so there it is always true. */
  readonly counter: boolean;
  /** Read back only: packets counted so far. Not part of equality. */
  readonly packets?: number;
  readonly tag: OwnerTag | null;
}

/** A rule inside our chains that somebody else wrote or changed beyond recognition. */
export interface UnknownRule {
  readonly kind: 'unknown';
  readonly text: string;
}

/** A condition on a packet. Lists are sorted and never empty. */
export type Match =
  | { readonly on: 'protocol'; readonly protocol: 'tcp'; readonly negate: boolean }
  /** SYN set and FIN, RST, ACK clear: the first packet of a connection. */
  | { readonly on: 'syn'; readonly negate: boolean }
  | { readonly on: 'family'; readonly family: 4 | 6 }
  | { readonly on: 'uid'; readonly ids: readonly number[] }
  | { readonly on: 'gid'; readonly ids: readonly number[] }
  | { readonly on: 'cgroup'; readonly path: string }
  | { readonly on: 'daddr' | 'saddr'; readonly cidrs: readonly Cidr[]; readonly negate: boolean }
  | { readonly on: 'dport'; readonly ports: readonly PortRange[]; readonly negate: boolean }
  | { readonly on: 'iif'; readonly name: string }
  | { readonly on: 'local-destination'; readonly negate: boolean }
  /** Conntrack mark under a mask. */
  | { readonly on: 'mark'; readonly mark: number; readonly mask: number; readonly negate: boolean }
  /** Conntrack mark is (not) an element of a set. */
  | { readonly on: 'mark-in'; readonly set: string; readonly negate: boolean }
  /** iptables only: an entry of an xt_recent list is at most so many seconds old. */
  | {
      readonly on: 'lease';
      readonly list: string;
      readonly seconds: number;
      readonly family: 4 | 6;
      readonly negate: boolean;
    }
  /** The mark of the packet itself, under a mask: what policy routing looks at. */
  | { readonly on: 'packet-mark'; readonly mark: number; readonly mask: number; readonly negate: boolean }
  /** The packet's mark is (not) an element of a set. */
  | { readonly on: 'packet-mark-in'; readonly set: string; readonly negate: boolean }
  /** One flag of TCP is set, whatever the others are. */
  | { readonly on: 'flag'; readonly flag: 'fin' | 'rst' }
  /** nft only: sent by the side that was called. */
  | { readonly on: 'reply' }
  /** nft only: the handshake of the connection was never completed, as conntrack saw it. */
  | { readonly on: 'unassured' }
  /** nft only: both endpoints of the packet are an element of a set of flows. */
  | { readonly on: 'flow-in'; readonly set: string; readonly family: 4 | 6 }
  /** Wall clock earlier than this many seconds since the epoch. */
  | { readonly on: 'before'; readonly epochSeconds: number };

/** An action of a rule besides its verdict. */
export type Action =
  | { readonly do: 'set-mark'; readonly mark: number }
  | { readonly do: 'set-mark-from-map'; readonly key: LookupKey; readonly map: string }
  | { readonly do: 'set-packet-mark'; readonly mark: number }
  | { readonly do: 'set-packet-mark-from-map'; readonly key: LookupKey; readonly map: string }
  /** Adds the packet's endpoints to a set, or begins their time anew; `isMarked`: the packet's mark goes in front. */
  | {
      readonly do: 'remember-flow';
      readonly set: string;
      readonly family: 4 | 6;
      readonly seconds: number;
      readonly isMarked: boolean;
    }
  /** Takes them out; `isReply`: the packet goes the other way than the flow was remembered. */
  | { readonly do: 'forget-flow'; readonly set: string; readonly family: 4 | 6; readonly isReply: boolean };

/** The verdict on a packet that matched a rule. */
export type RuleVerdict =
  | { readonly to: 'continue' }
  | { readonly to: 'return' }
  | { readonly to: 'goto'; readonly chain: string }
  | { readonly to: 'redirect'; readonly port: number }
  /** To the transparent listener there, remembered in a set for some seconds; the next rule when nobody listens. */
  | {
      readonly to: 'tproxy';
      readonly family: 4 | 6;
      readonly address: string | null;
      readonly port: number;
      readonly taken: { readonly set: string; readonly seconds: number };
    }
  /** Refused by a reset. */
  | { readonly to: 'reset' }
  /** Nobody hears of it. */
  | { readonly to: 'drop' }
  /** Verdict map: the element's chain, or the next rule when the key is not in the map. */
  | { readonly to: 'dispatch'; readonly key: LookupKey; readonly map: string };

/** The look-up key of a map. `cgroup` looks at the ancestor `level` steps below the root. */
export type LookupKey =
  | { readonly by: 'uid' | 'gid' | 'dport' | 'protocol' | 'mark' | 'packet-mark' }
  /** Source and destination with their ports, after the packet's mark where it is marked; elements are never read. */
  | { readonly by: 'flow'; readonly family: 4 | 6; readonly isMarked: boolean }
  | { readonly by: 'cgroup'; readonly level: number };

/** A set (no value), a map to marks, or a map to chains. */
export interface RuleMap {
  readonly name: string;
  readonly key: LookupKey;
  readonly value: 'none' | 'mark' | 'verdict';
  /** nft `flags timeout`: elements may end by themselves. */
  readonly timeout: boolean;
  readonly elements: readonly MapElement[];
}

/** One element; `key` is a number (uid, gid, mark), a port range, a cgroup path or `tcp`. */
export interface MapElement {
  readonly key: number | PortRange | string;
  /** A mark, a chain to go to, or nothing in a set. */
  readonly value: { readonly mark: number } | { readonly goto: string } | null;
  /** Milliseconds after which the kernel drops the element by itself, null for never. */
  readonly timeoutMs: number | null;
  /** Read back only: milliseconds that are left. Not part of equality. */
  readonly expiresMs?: number;
  readonly tag: OwnerTag | null;
}
