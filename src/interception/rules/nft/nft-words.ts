/** The words of nft: type names, quotes, sets, times. */
import type { LookupKey } from '../ruleset.ts';

/** The name that nft gives the data type of each plain key. */
const NFT_KEY_TYPES: Readonly<Record<Exclude<LookupKey['by'], 'flow'>, string>> = {
  uid: 'uid',
  gid: 'gid',
  dport: 'inet_service',
  protocol: 'inet_proto',
  mark: 'mark',
  'packet-mark': 'mark',
  cgroup: 'cgroupsv2',
};

/** Whether a value is TCP: nft prints its number where the system has no /etc/protocols (package netbase). */
export function isNftTcp(value: unknown): boolean {
  return value === 'tcp' || value === 6;
}

/** How nft declares the type of a key in a set or map: `uid`, `ipv4_addr . inet_service . ipv4_addr . inet_service`. */
export function nftKeyType(key: LookupKey): string {
  if (key.by !== 'flow') return NFT_KEY_TYPES[key.by];
  const address = `ipv${key.family}_addr`;
  return [...(key.isMarked ? ['mark'] : []), address, 'inet_service', address, 'inet_service'].join(' . ');
}

/** The key that nft declares so; null for a type that weir declares nowhere. A cgroup's level is not in its type. */
export function keyOfNftType(type: string): LookupKey | null {
  const plain: LookupKey[] = (['uid', 'gid', 'dport', 'protocol', 'mark'] as const).map((by) => ({ by }));
  const flows = ([4, 6] as const).flatMap((family) =>
    [false, true].map((isMarked): LookupKey => ({ by: 'flow', family, isMarked })),
  );
  const all: LookupKey[] = [...plain, { by: 'cgroup', level: 1 }, ...flows];
  return all.find((key) => nftKeyType(key) === type) ?? null;
}

/** The endpoints of a packet as one key: `ip saddr . tcp sport . ip daddr . tcp dport`. */
export function nftFlowKey(family: 4 | 6, { isMarked, isReply }: { isMarked: boolean; isReply: boolean }): string {
  const ip = family === 4 ? 'ip' : 'ip6';
  const [source, destination] = [
    [`${ip} saddr`, 'tcp sport'],
    [`${ip} daddr`, 'tcp dport'],
  ];
  const ends = isReply ? [destination, source] : [source, destination];
  return [...(isMarked ? ['meta mark'] : []), ...ends.flat()].join(' . ');
}

/**
 * A string in nft's quotes. nft has no escape inside them, so a text that would end the string is refused.
 * @throws RangeError when the text cannot be quoted (a bug of the caller: names are checked where they are read)
 */
export function quoteNftString(text: string): string {
  if (/["\n]/.test(text)) throw new RangeError(`nft cannot quote ${JSON.stringify(text)}`);
  return `"${text}"`;
}

/** One item as it is, several in braces. */
export function formatNftSet(items: readonly (string | number)[]): string {
  return items.length === 1 ? String(items[0]) : `{ ${items.join(', ')} }`;
}

/** Milliseconds as nft reads them: `60s`, `2500ms`. */
export function formatNftTime(ms: number): string {
  return ms % 1000 === 0 ? `${ms / 1000}s` : `${ms}ms`;
}
