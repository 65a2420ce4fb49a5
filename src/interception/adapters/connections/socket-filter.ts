/** Filters for `ss` that match both ends of many connections. */
import type { TcpEndpoint } from '../../ports.ts';

/** Both ends of a TCP connection, as one of its sockets sees them. */
export interface EndpointPair {
  readonly local: TcpEndpoint;
  readonly peer: TcpEndpoint;
}

// ss compiles a filter to kernel bytecode of at most 64 KiB. 400 IPv4 pairs take half of that; an IPv6 pair takes twice
// as much as an IPv4 one.
const MAX_WEIGHT = 400;

/** A text that is the same for the same two endpoints in the same roles. */
export function connectionKey(local: TcpEndpoint, peer: TcpEndpoint): string {
  return `${formatEndpoint(local)} ${formatEndpoint(peer)}`;
}

/**
 * Filters for `ss`, as arguments, that together match the sockets at both ends of all pairs. The kernel tries a filter
 * on every socket, so each filter begins with the narrow range of ports of its pairs. 20,000 pairs among 20,000 sockets
 * then cost a few comparisons a socket instead of 40,000.
 */
export function abortFilters(pairs: readonly EndpointPair[]): string[][] {
  const counts = new Map<number, number>();
  for (const { local, peer } of pairs) {
    for (const { port } of [local, peer]) counts.set(port, (counts.get(port) ?? 0) + 1);
  }
  // The client's port tells connections apart; the listener's is the same for most of them.
  const rarerPort = ({ local, peer }: EndpointPair): number =>
    (counts.get(local.port) ?? 0) <= (counts.get(peer.port) ?? 0) ? local.port : peer.port;
  const keyed = pairs.map((pair) => ({ ...pair, port: rarerPort(pair) })).sort((a, b) => a.port - b.port);
  return chunksOf(keyed).map(chunkFilter);
}

interface KeyedPair extends EndpointPair {
  readonly port: number;
}

function chunksOf(pairs: readonly KeyedPair[]): KeyedPair[][] {
  const chunks: KeyedPair[][] = [];
  let weight = MAX_WEIGHT;
  for (const pair of pairs) {
    const own = pair.local.address.includes(':') ? 2 : 1;
    if (weight + own > MAX_WEIGHT) {
      chunks.push([]);
      weight = 0;
    }
    chunks.at(-1)?.push(pair);
    weight += own;
  }
  return chunks;
}

function chunkFilter(chunk: readonly KeyedPair[]): string[] {
  const from = `:${chunk[0]?.port}`;
  const to = `:${chunk.at(-1)?.port}`;
  const within = (side: string) => ['(', side, '>=', from, 'and', side, '<=', to, ')'];
  const either = chunk.flatMap(({ local, peer }, index) => [
    ...(index === 0 ? [] : ['or']),
    ...bothEnds(formatEndpoint(local), formatEndpoint(peer)),
  ]);
  return ['(', '(', ...within('sport'), 'or', ...within('dport'), ')', 'and', '(', ...either, ')', ')'];
}

function bothEnds(local: string, peer: string): string[] {
  return ['(', 'src', local, 'and', 'dst', peer, ')', 'or', '(', 'src', peer, 'and', 'dst', local, ')'];
}

function formatEndpoint({ address, port }: TcpEndpoint): string {
  return address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`;
}
