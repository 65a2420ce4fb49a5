/** Evaluates a ruleset on single packets, as netfilter does. */
import { BlockList } from 'node:net';
import type {
  Chain,
  KnownRule,
  LookupKey,
  MapElement,
  Match,
  Ruleset,
  Table,
} from '../../src/interception/rules/ruleset.ts';
import type { Cidr, PortRange } from '../../src/mesh/mesh-config.ts';

/** A packet that meets a netfilter hook on this host; what a hook cannot know of it is null. */
export interface Packet {
  readonly hook: 'output' | 'prerouting';
  readonly family: 4 | 6;
  readonly protocol: 'tcp' | 'udp';
  /** The first packet of a connection: SYN without ACK. */
  readonly syn: boolean;
  /** The sending socket's owner; null in prerouting. */
  readonly uid: number | null;
  readonly gid: number | null;
  /** cgroup-v2 path of the sending socket without leading slash, '' for the root; null in prerouting. */
  readonly cgroup: string | null;
  readonly source: string;
  readonly destination: string;
  readonly port: number;
  /** Incoming interface; null in output. */
  readonly iif: string | null;
  /** The destination is an address of this host. */
  readonly isLocalDestination: boolean;
  /** The connection's conntrack mark before. */
  readonly mark: number;
}

/** What became of a packet: where it is redirected to (null: it goes direct), and its connection's mark. */
export interface PacketFate {
  readonly redirectedTo: number | null;
  readonly mark: number;
}

/** Where a chain sent the packet: a nat verdict ends the hook, all else goes on with the next base chain. */
type ChainEnd = { readonly redirectedTo: number | null };

/**
 * What rulesets decide about one packet: the reference of what the intermediate representation means. Base chains run
 * by priority; the first redirect wins, as the kernel sets up one NAT mapping a connection; a return, or the end of a
 * chain that was gone to, ends the base chain. Rules that weir does not understand match nothing here.
 * `nowMs` is the wall clock, milliseconds since the epoch; `renewedAtMs` has the newest entry of each xt_recent list. Throws on a missing chain or map: the kernel has none such.
 */
export function evaluateRulesets(
  rulesets: readonly Ruleset[],
  packet: Packet,
  nowMs: number,
  renewedAtMs: ReadonlyMap<string, number> = new Map(),
): PacketFate {
  const scope = packet.family === 4 ? 'ip' : 'ip6';
  const tables = rulesets.filter((set) => set.scope === 'inet' || set.scope === scope).flatMap((set) => set.tables);
  const base = tables.flatMap((table) => table.chains.map((chain) => ({ table, chain })));
  const hooked = base
    .filter(({ chain }) => chain.hook?.at === packet.hook && chain.hook.type === 'nat')
    .sort((a, b) => (a.chain.hook?.priority ?? 0) - (b.chain.hook?.priority ?? 0));
  let mark = packet.mark;
  for (const { table, chain } of hooked) {
    const walk = new ChainWalk(table, { ...packet, mark }, nowMs, renewedAtMs);
    const { redirectedTo } = walk.run(chain);
    mark = walk.mark;
    if (redirectedTo !== null) return { redirectedTo, mark };
  }
  return { redirectedTo: null, mark };
}

/** One packet's way through one base chain. */
class ChainWalk {
  readonly #table: Table;
  readonly #packet: Packet;
  readonly #nowMs: number;
  readonly #renewedAtMs: ReadonlyMap<string, number>;
  mark: number;

  constructor(table: Table, packet: Packet, nowMs: number, renewedAtMs: ReadonlyMap<string, number>) {
    this.#renewedAtMs = renewedAtMs;
    this.#table = table;
    this.#packet = packet;
    this.#nowMs = nowMs;
    this.mark = packet.mark;
  }

  run(chain: Chain): ChainEnd {
    for (const rule of chain.rules) {
      if (rule.kind === 'unknown' || !rule.matches.every((match) => this.#holds(match))) continue;
      this.#act(rule);
      const { verdict } = rule;
      if (verdict.to === 'return') break;
      if (verdict.to === 'redirect') return { redirectedTo: verdict.port };
      // A chain that was gone to never comes back: its end is the end of the base chain.
      if (verdict.to === 'goto') return this.run(this.#chain(verdict.chain));
      if (verdict.to !== 'dispatch') continue;
      const value = this.#lookUp(verdict.map, verdict.key)?.value;
      if (value && 'goto' in value) return this.run(this.#chain(value.goto));
    }
    return { redirectedTo: null };
  }

  #act(rule: KnownRule): void {
    for (const action of rule.actions) {
      if (action.do === 'set-mark') {
        this.mark = action.mark;
        continue;
      }
      if (action.do !== 'set-mark-from-map') throw onlyInKernels(action.do);
      const value = this.#lookUp(action.map, action.key)?.value;
      if (value && 'mark' in value) this.mark = value.mark;
    }
  }

  #chain(name: string): Chain {
    return demand(
      this.#table.chains.find((chain) => chain.name === name),
      `chain ${name}`,
    );
  }

  #lookUp(map: string, key: LookupKey): MapElement | undefined {
    const { elements } = demand(
      this.#table.maps.find(({ name }) => name === map),
      `map ${map}`,
    );
    return elements.find((element) => this.#hasKey(element.key, key));
  }

  #hasKey(element: MapElement['key'], key: LookupKey): boolean {
    const packet = this.#packet;
    switch (key.by) {
      case 'protocol':
        return element === packet.protocol;
      case 'dport':
        return typeof element === 'object' ? isInPorts(packet.port, [element]) : element === packet.port;
      case 'cgroup':
        // The kernel looks at the ancestor of that depth, so the key covers everything below it too.
        return ancestor(packet.cgroup, key.level) === element;
      case 'mark':
        return element === this.mark;
      case 'packet-mark':
      case 'flow':
        throw onlyInKernels(key.by);
      default:
        return element === packet[key.by];
    }
  }

  #holds(match: Match): boolean {
    const packet = this.#packet;
    switch (match.on) {
      case 'protocol':
        return (packet.protocol === match.protocol) !== match.negate;
      case 'syn':
        return (packet.protocol === 'tcp' && packet.syn) !== match.negate;
      case 'family':
        return packet.family === match.family;
      case 'uid':
        return packet.uid !== null && match.ids.includes(packet.uid);
      case 'gid':
        return packet.gid !== null && match.ids.includes(packet.gid);
      case 'cgroup':
        return ancestor(packet.cgroup, match.path.split('/').length) === match.path;
      case 'daddr':
        return isAddressMatch(packet.destination, match);
      case 'saddr':
        return isAddressMatch(packet.source, match);
      case 'dport':
        return isInPorts(packet.port, match.ports) !== match.negate;
      case 'iif':
        return packet.iif === match.name;
      case 'local-destination':
        return packet.isLocalDestination !== match.negate;
      case 'mark':
        return ((this.mark & match.mask) >>> 0 === match.mark) !== match.negate;
      case 'mark-in':
        return (this.#lookUp(match.set, { by: 'mark' }) !== undefined) !== match.negate;
      case 'packet-mark':
      case 'packet-mark-in':
      case 'flag':
      case 'reply':
      case 'unassured':
      case 'flow-in':
        throw onlyInKernels(match.on);
      case 'lease': {
        const at = this.#renewedAtMs.get(match.list) ?? Number.NEGATIVE_INFINITY;
        return (match.family === packet.family && this.#nowMs - at < match.seconds * 1000) !== match.negate;
      }
      case 'before':
        return this.#nowMs < match.epochSeconds * 1000;
    }
  }
}

/** Transparent proxying depends on routing and on memory that packets write: kernels alone are its judges. */
function onlyInKernels(what: string): RangeError {
  return new RangeError(`${what} is not evaluated here`);
}

/** An address condition carries its family: `ip daddr != ...` says nothing about an IPv6 packet. */
function isAddressMatch(address: string, match: { cidrs: readonly Cidr[]; negate: boolean }): boolean {
  const family = address.includes(':') ? 6 : 4;
  if (match.cidrs[0]?.family !== family) return false;
  return match.cidrs.some((cidr) => contains(cidr, address)) !== match.negate;
}

function contains(cidr: Cidr, address: string): boolean {
  const [network = '', length = ''] = cidr.text.split('/');
  const list = new BlockList();
  list.addSubnet(network, Number(length), cidr.family === 4 ? 'ipv4' : 'ipv6');
  return list.check(address, cidr.family === 4 ? 'ipv4' : 'ipv6');
}

function isInPorts(port: number, ranges: readonly PortRange[]): boolean {
  return ranges.some(({ from, to }) => port >= from && port <= to);
}

function ancestor(cgroup: string | null, level: number): string | null {
  if (cgroup === null || cgroup === '') return null;
  const steps = cgroup.split('/');
  return steps.length < level ? null : steps.slice(0, level).join('/');
}

function demand<T>(found: T | undefined, what: string): T {
  if (found === undefined) throw new Error(`the kernel knows no ${what}`);
  return found;
}
