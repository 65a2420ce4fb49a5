/** Packets that stand for an application's connections. */
import type { DirectedPolicy } from '../rules/app-policy.ts';
import type { ForeignPacket } from './follow-rules.ts';

/** As many ports of a list as are tried one by one. */
const MOST_PORTS = 8;

/** The first packet of a connection about which only these facts are known. */
export function packetOf(family: 4 | 6, known: Partial<ForeignPacket>): ForeignPacket {
  return {
    family,
    dport: null,
    uid: null,
    gid: null,
    daddr: null,
    isByLoopback: false,
    isRedirected: false,
    ...known,
  };
}

/** Ports that stand for those of a policy: the first of each range, or any port (null) where it names none. */
export function representativePorts({ includePorts, excludePorts }: DirectedPolicy): (number | null)[] {
  if (includePorts.length === 0) return [null];
  const isExcluded = (port: number): boolean => excludePorts.some(({ from, to }) => port >= from && port <= to);
  return includePorts
    .map(({ from }) => from)
    .filter((port) => !isExcluded(port))
    .slice(0, MOST_PORTS);
}
