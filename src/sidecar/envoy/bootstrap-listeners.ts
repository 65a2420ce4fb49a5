/** The listeners of a bootstrap: where each one binds, and whether the end of its process can be told from its TCP sockets. */
import { tcpAddressText } from './listener-addresses.ts';
import { protoField, protoList, protoNumber, protoPath } from './proto-json.ts';

/** The addresses that a bootstrap's static listeners bind. */
export interface BootstrapListeners {
  /** Addresses that are bound, TCP ones bare, others as `udp:...` and `unix:...`; sorted. */
  readonly bound: readonly string[];
  /** The addresses that the same sockets also accept: IPv4 on a `::` with `ipv4_compat`. */
  readonly alsoCovered: readonly string[];
  /** Why the connections of a process with these listeners cannot all be counted; empty when they can. */
  readonly uncountable: readonly string[];
  /** The part of `uncountable` of which weir sees no connection at all; those of Unix sockets it sees. */
  readonly unseen: readonly string[];
}

/** `unix:/path` or a TCP address; null when it is neither, is unnamed, or leaves the port to the kernel. */
export function addressText(address: unknown): string | null {
  const pipe = protoPath(address, 'pipe', 'path');
  if (typeof pipe === 'string') return `unix:${pipe}`;
  const host = protoPath(address, 'socket_address', 'address');
  const port = protoNumber(protoPath(address, 'socket_address', 'port_value'));
  return typeof host !== 'string' || port === null || port === 0 ? null : tcpAddressText(host, port);
}

function isDatagram(address: unknown): boolean {
  return protoPath(address, 'socket_address', 'protocol') === 'UDP';
}

/** A reason against counting; `isSeen`: the kernel's tables show its connections all the same. */
interface Uncountable {
  readonly text: string;
  readonly isSeen: boolean;
}

function uncountable(listener: unknown, addresses: readonly unknown[]): Uncountable | null {
  const name = String(protoField(listener, 'name') ?? 'a listener');
  if (protoField(listener, 'udp_listener_config') !== undefined || addresses.some(isDatagram))
    return { text: `${name} takes datagrams`, isSeen: false };
  if (protoField(listener, 'transparent') === true) return { text: `${name} is transparent`, isSeen: false };
  const isElsewhere = addresses.some((address) => namespaceOf(address) !== undefined);
  if (isElsewhere) return { text: `${name} is in another network namespace`, isSeen: false };
  const isPipe = addresses.some((address) => protoField(address, 'pipe') !== undefined);
  return isPipe ? { text: `${name} is a Unix socket`, isSeen: true } : null;
}

function namespaceOf(address: unknown): unknown {
  return protoPath(address, 'socket_address', 'network_namespace_filepath');
}

/** Reads listeners, as `static_resources` of a bootstrap has them. Those that bind nothing are left out. */
export function readListeners(listeners: readonly unknown[]): BootstrapListeners {
  const bound = new Set<string>();
  const alsoCovered = new Set<string>();
  const reasons: Uncountable[] = [];
  for (const listener of listeners) {
    // BoolValue: a missing value means true here.
    if (protoField(listener, 'bind_to_port') === false) continue;
    if (protoPath(listener, 'deprecated_v1', 'bind_to_port') === false) continue;
    const more = protoList(listener, 'additional_addresses').map((one) => protoField(one, 'address'));
    const addresses = [protoField(listener, 'address'), ...more];
    const reason = uncountable(listener, addresses);
    if (reason !== null) reasons.push(reason);
    for (const address of addresses) {
      const text = addressText(address);
      if (text === null || namespaceOf(address) !== undefined) continue;
      const prefix = isDatagram(address) ? 'udp:' : '';
      bound.add(prefix + text);
      const isDual = protoPath(address, 'socket_address', 'ipv4_compat') === true && text.startsWith('[::]:');
      if (isDual) alsoCovered.add(prefix + text.replace('[::]', '0.0.0.0'));
    }
  }
  const texts = (some: readonly Uncountable[]) => [...new Set(some.map(({ text }) => text))];
  return {
    bound: [...bound].sort(),
    alsoCovered: [...alsoCovered].sort(),
    uncountable: texts(reasons),
    unseen: texts(reasons.filter(({ isSeen }) => !isSeen)),
  };
}
