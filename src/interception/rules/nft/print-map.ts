/** The printer of sets, maps and their elements in nft's syntax. */
import { formatPortRange } from '../../../mesh/port-range.ts';
import { formatMark } from '../mark.ts';
import type { MapElement, RuleMap } from '../ruleset.ts';
import { formatTag } from '../tag.ts';
import { formatNftTime, nftKeyType, quoteNftString } from './nft-words.ts';

/** Elements of a set that packets fill: the kernel needs a limit, and takes memory for those that are there alone. */
const MOST_FLOWS = 1_048_576;

/** How a set or map is declared: `type uid : verdict; flags timeout;`. */
export function printNftMapType(map: Omit<RuleMap, 'elements'>): string {
  const type = `${nftKeyType(map.key)}${map.value === 'none' ? '' : ` : ${map.value}`}`;
  // Ports are kept as ranges; single ports share the map with them.
  if (map.key.by === 'flow') return `type ${type}; size ${MOST_FLOWS}; flags dynamic, timeout;`;
  const flags = [...(map.key.by === 'dport' ? ['interval'] : []), ...(map.timeout ? ['timeout'] : [])];
  return `type ${type};${flags.length > 0 ? ` flags ${flags.join(', ')};` : ''}`;
}

/** `set` when the elements have no values, else `map`. */
export function nftMapKind(map: Pick<RuleMap, 'value'>): 'set' | 'map' {
  return map.value === 'none' ? 'set' : 'map';
}

/** One element as it stands in braces: key, timeout, comment, value. Time that is left is kept when it is known. */
export function printNftElement(element: MapElement): string {
  const { key, value, timeoutMs, expiresMs, tag } = element;
  const parts = [
    printNftKey(key, value),
    ...(timeoutMs === null ? [] : [`timeout ${formatNftTime(timeoutMs)}`]),
    ...(timeoutMs === null || expiresMs === undefined ? [] : [`expires ${formatNftTime(Math.max(expiresMs, 1))}`]),
    ...(tag === null ? [] : [`comment ${quoteNftString(formatTag(tag))}`]),
    ...printValue(value),
  ];
  return parts.join(' ');
}

/** A key alone: `1000`, `80-90`, `"shop.slice"`, `"tcp"`. A number in a set is a mark, in a map a user or group. */
export function printNftKey(key: MapElement['key'], value: MapElement['value'] = null): string {
  if (typeof key === 'object') return formatPortRange(key);
  if (typeof key === 'string') return quoteNftString(key);
  return value === null ? formatMark(key) : String(key);
}

function printValue(value: MapElement['value']): string[] {
  if (value === null) return [];
  return 'mark' in value ? [`: ${formatMark(value.mark)}`] : [`: goto ${value.goto}`];
}
