/** The ways of a packet through foreign rules, for every truth of their unknown conditions. */
import { cidrHoldsAddress } from '../../mesh/cidr.ts';
import type { Condition, Effect, ForeignChain, ForeignRule, ForeignTable } from './foreign-rules.ts';

/** The first packet of a TCP connection, as far as it is known. */
export interface ForeignPacket {
  readonly family: 4 | 6;
  /** Null: any. */
  readonly dport: number | null;
  /** The account of the sending socket; null in hooks that know none. */
  readonly uid: number | null;
  readonly gid: number | null;
  /** Null: any that is not this host's loopback. */
  readonly daddr: string | null;
  /** Whether the packet comes in by `lo`. */
  readonly isByLoopback: boolean;
  /** Whether a redirect has been at work: conntrack says DNAT of it. */
  readonly isRedirected: boolean;
}

/** One way through one base chain, the same for all packets that were followed. */
export interface Path<Name extends string> {
  readonly ends: Readonly<Record<Name, PacketEnd>>;
  /** The unknown conditions that hold on this way. */
  readonly given: readonly string[];
}

/** The end of one packet on one way. */
export interface PacketEnd {
  readonly verdict: 'accept' | 'drop';
  /** The rule that decided; null for the chain's policy. */
  readonly by: ForeignRule | null;
  readonly effects: readonly { readonly effect: Effect; readonly rule: ForeignRule }[];
}

/** Rules that are looked at in one base chain before it counts as too tangled to tell: a tenth of a second. */
const MOST_STEPS = 300_000;
/** Deeper jumps are a loop; the kernel allows 16. */
const DEEPEST = 20;

/** The base chains that a packet of a family meets at a hook, by priority. */
export function baseChains(
  tables: readonly ForeignTable[],
  at: string,
  family: 4 | 6,
): { readonly table: ForeignTable; readonly chain: ForeignChain }[] {
  const own = family === 4 ? 'ip' : 'ip6';
  return tables
    .filter((table) => table.family === 'inet' || table.family === own)
    .flatMap((table) => table.chains.map((chain) => ({ table, chain })))
    .filter(({ chain }) => chain.hook?.at === at)
    .sort((a, b) => (a.chain.hook?.priority ?? 0) - (b.chain.hook?.priority ?? 0));
}

/**
 * Every way through a base chain: unknown conditions are taken to fail and to hold in turn, each the same for all packets.
 * Null when there are too many ways to follow.
 */
export function followChain<Name extends string>(
  table: ForeignTable,
  chain: ForeignChain,
  packets: Readonly<Record<Name, ForeignPacket>>,
): readonly Path<Name>[] | null {
  const key = packetClasses(table, packets);
  const known = followed.get(chain) ?? new Map<string, readonly Path<string>[] | null>();
  followed.set(chain, known);
  const paths = known.get(key);
  // The key holds the names of the packets, so the paths are theirs.
  if (paths !== undefined) return paths as readonly Path<Name>[] | null;
  const fresh = followAll(table, chain, packets);
  known.set(key, fresh);
  return fresh;
}

/**
 * A cache of ways already followed: a filter that does not tell applications apart sees a thousand of them as a few
 * packets.
 */
const followed = new WeakMap<ForeignChain, Map<string, readonly Path<string>[] | null>>();
const cutPoints = new WeakMap<ForeignTable, ReadonlyMap<'dport' | 'uid' | 'gid', readonly number[]>>();

/** A text that is the same for packets that no rule of a table tells apart. */
function packetClasses(table: ForeignTable, packets: Readonly<Record<string, ForeignPacket>>): string {
  const cuts = cutPoints.get(table) ?? cutsOf(table);
  cutPoints.set(table, cuts);
  const classOf = (on: 'dport' | 'uid' | 'gid', value: number | null): string =>
    value === null ? 'any' : String(cuts.get(on)?.filter((cut) => cut <= value).length ?? 0);
  return Object.entries(packets)
    .map(([name, { dport, uid, gid, ...rest }]) =>
      [name, classOf('dport', dport), classOf('uid', uid), classOf('gid', gid), JSON.stringify(rest)].join(' '),
    )
    .join('; ');
}

/** Where the truth of a table's conditions on ports and accounts can change. */
function cutsOf({ chains }: ForeignTable): ReadonlyMap<'dport' | 'uid' | 'gid', readonly number[]> {
  const cuts = { dport: new Set<number>(), uid: new Set<number>(), gid: new Set<number>() };
  for (const { rules } of chains) {
    for (const { conditions } of rules) {
      for (const condition of conditions) {
        if (condition.on !== 'dport' && condition.on !== 'uid' && condition.on !== 'gid') continue;
        const ranges = condition.on === 'dport' ? condition.ports : condition.ids;
        for (const { from, to } of ranges) cuts[condition.on].add(from).add(to + 1);
      }
    }
  }
  return new Map(Object.entries(cuts).map(([on, points]) => [on as keyof typeof cuts, [...points]]));
}

function followAll<Name extends string>(
  table: ForeignTable,
  chain: ForeignChain,
  packets: Readonly<Record<Name, ForeignPacket>>,
): Path<Name>[] | null {
  const names = Object.keys(packets) as Name[];
  const chains = new Map(table.chains.map((one) => [one.name, one]));
  const paths: Path<Name>[] = [];
  const waiting: Map<string, boolean>[] = [new Map()];
  const steps = { left: MOST_STEPS };
  for (let assumed = waiting.pop(); assumed !== undefined; assumed = waiting.pop()) {
    if (steps.left <= 0) return null;
    const way = { assumed, steps };
    try {
      const ends = names.map((name) => [name, followPacket(chains, chain, packets[name], way)] as const);
      const given = [...assumed].flatMap(([text, holds]) => (holds ? [text] : []));
      paths.push({ ends: Object.fromEntries(ends) as Record<Name, PacketEnd>, given });
    } catch (error) {
      if (!(error instanceof Undecided)) throw error;
      // The last one in is followed first: what does not apply to most connections is taken not to hold.
      waiting.push(new Map([...assumed, [error.condition, true]]), new Map([...assumed, [error.condition, false]]));
    }
  }
  return paths;
}

/** A condition that nothing is known about yet. */
class Undecided extends Error {
  readonly condition: string;
  constructor(condition: string) {
    super(condition);
    this.condition = condition;
  }
}

/** The assumptions about unknown conditions, and the number of rules that may still be looked at. */
interface Way {
  readonly assumed: ReadonlyMap<string, boolean>;
  readonly steps: { left: number };
}

function followPacket(
  chains: ReadonlyMap<string, ForeignChain>,
  base: ForeignChain,
  packet: ForeignPacket,
  { assumed, steps }: Way,
): PacketEnd {
  const effects: PacketEnd['effects'][number][] = [];
  const walk = (chain: ForeignChain, depth: number): Omit<PacketEnd, 'effects'> | 'return' => {
    if (depth > DEEPEST) return 'return';
    for (const rule of chain.rules) {
      steps.left -= 1;
      // A rule that only counts or logs decides nothing.
      if (rule.verdict.to === 'continue' && rule.effects.length === 0) continue;
      if (!rule.conditions.every((condition) => holds(condition, packet, assumed))) continue;
      effects.push(...rule.effects.map((effect) => ({ effect, rule })));
      const { verdict } = rule;
      if (verdict.to === 'return') return 'return';
      if (verdict.to === 'accept' || verdict.to === 'drop') return { verdict: verdict.to, by: rule };
      if (verdict.to === 'jump' || verdict.to === 'goto') {
        const target = chains.get(verdict.chain);
        const end = target === undefined ? 'return' : walk(target, depth + 1);
        if (end !== 'return' || verdict.to === 'goto') return end;
      }
    }
    return 'return';
  };
  const end = walk(base, 0);
  return end === 'return' ? { verdict: base.policy, by: null, effects } : { ...end, effects };
}

function holds(condition: Condition, packet: ForeignPacket, assumed: ReadonlyMap<string, boolean>): boolean {
  const known = decide(condition, packet);
  const negate = 'negate' in condition && condition.negate;
  if (known !== null) return known !== negate;
  const text = textOf(condition);
  const answer = assumed.get(text);
  if (answer === undefined) throw new Undecided(text);
  return answer !== negate;
}

const texts = new WeakMap<Condition, string>();

/** The text of a condition, made once: it is asked for on every way. */
function textOf(condition: Condition): string {
  const known = texts.get(condition) ?? conditionText(condition);
  texts.set(condition, known);
  return known;
}

/** Whether a condition holds apart from its negation; null when that is not known of the packet. */
function decide(condition: Condition, packet: ForeignPacket): boolean | null {
  switch (condition.on) {
    case 'dport':
      return packet.dport === null ? null : inRanges(condition.ports, packet.dport);
    case 'uid':
      return packet.uid === null ? null : inRanges(condition.ids, packet.uid);
    case 'gid':
      return packet.gid === null ? null : inRanges(condition.ids, packet.gid);
    case 'daddr': {
      const { daddr, family } = packet;
      const cidrs = condition.cidrs.map((text) => ({ family: text.includes(':') ? (6 as const) : (4 as const), text }));
      const own = cidrs.filter((cidr) => cidr.family === family);
      if (daddr !== null) return own.some((cidr) => cidrHoldsAddress(cidr, daddr));
      // Any other address than loopback's: only a network beyond that can hold it.
      if (own.every(({ text }) => /^127\.|^::1\/128$/.test(text))) return false;
      return own.some(({ text }) => /^(?:0\.0\.0\.0|::)\/0$/.test(text)) ? true : null;
    }
    case 'interface':
      if (packet.isByLoopback) return condition.names.includes('lo');
      return condition.names.every((name) => name === 'lo') ? false : null;
    case 'state': {
      const states = condition.states.map((state) => state.toLowerCase());
      if (states.includes('new') || (packet.isRedirected && states.includes('dnat'))) return true;
      return states.includes('snat') ? null : false;
    }
    case 'protocol':
      return condition.protocols.some((name) => name === 'tcp' || name === '6' || name === 'all');
    case 'family':
      return condition.family === packet.family;
    case 'unknown':
      return null;
  }
}

/** A condition as a text that is the same for the same condition, without its negation. */
export function conditionText(condition: Condition): string {
  switch (condition.on) {
    case 'dport':
      return `port ${rangesText(condition.ports)}`;
    case 'uid':
    case 'gid':
      return `${condition.on} ${rangesText(condition.ids)}`;
    case 'daddr':
      return `to ${condition.cidrs.join(', ')}`;
    case 'interface':
      return `interface ${condition.names.join(', ')}`;
    case 'state':
      return condition.states.join(', ');
    case 'protocol':
      return condition.protocols.join(', ');
    case 'family':
      return `IPv${condition.family}`;
    case 'unknown':
      return condition.text;
  }
}

function inRanges(ranges: readonly { from: number; to: number }[], value: number): boolean {
  return ranges.some(({ from, to }) => value >= from && value <= to);
}

function rangesText(ranges: readonly { from: number; to: number }[]): string {
  return ranges.map(({ from, to }) => (from === to ? String(from) : `${from}-${to}`)).join(', ');
}
