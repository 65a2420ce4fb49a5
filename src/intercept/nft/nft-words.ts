import type { LookupKey } from '../ruleset.ts';

/** What nft calls the data type of each key, in set and map declarations. */
export const NFT_KEY_TYPES: Readonly<Record<LookupKey['by'], string>> = {
  uid: 'uid',
  gid: 'gid',
  dport: 'inet_service',
  protocol: 'inet_proto',
  mark: 'mark',
  cgroup: 'cgroupsv2',
};

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
