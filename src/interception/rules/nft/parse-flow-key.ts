/** The parser of the endpoints of a packet as one key, in nft's JSON. */
import { type Json, listAt, textAt } from './json-path.ts';

/** A key of four or five parts, as the printer writes it. */
export interface FlowKey {
  readonly family: 4 | 6;
  readonly isMarked: boolean;
  /** Destination before source. */
  readonly isReply: boolean;
}

/** `{"concat": [...]}` as a flow; null for any other key. */
export function parseFlowKey(key: Json): FlowKey | null {
  const words = listAt(key, 'concat').map((part) => {
    if (textAt(part, 'meta', 'key') === 'mark') return 'mark';
    return `${textAt(part, 'payload', 'protocol')} ${textAt(part, 'payload', 'field')}`;
  });
  const isMarked = words[0] === 'mark';
  const ends = (isMarked ? words.slice(1) : words).join(', ');
  for (const [ip, family] of [
    ['ip', 4],
    ['ip6', 6],
  ] as const) {
    const [source, destination] = [`${ip} saddr, tcp sport`, `${ip} daddr, tcp dport`];
    if (ends === `${source}, ${destination}`) return { family, isMarked, isReply: false };
    if (ends === `${destination}, ${source}`) return { family, isMarked, isReply: true };
  }
  return null;
}
