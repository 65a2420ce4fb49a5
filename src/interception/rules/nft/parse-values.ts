/** The parsers of ids, ports and networks in nft's JSON. */
import { canonicalAddress } from '../../../mesh/cidr.ts';
import type { Cidr, PortRange } from '../../../mesh/mesh-config.ts';
import { cidrsOfRange } from '../cidr-range.ts';
import { at, type Json, listAt, numberAt, textAt } from './json-path.ts';

/** nft shows one item bare and several as a set. */
function items(right: Json): readonly Json[] {
  return at(right, 'set') === undefined ? [right] : listAt(right, 'set');
}

/** Every item read by `read`, or null when one of them is not understood. */
function readAll<T>(right: Json, read: (item: Json) => readonly T[] | null): readonly T[] | null {
  const found = items(right).map(read);
  return found.includes(null) ? null : found.flatMap((some) => some ?? []);
}

/** User or group numbers. */
export function parseNftIds(right: Json): readonly number[] | null {
  return readAll(right, (item) => (typeof item === 'number' ? [item] : null));
}

/** Ports and ranges of ports. */
export function parseNftPorts(right: Json): readonly PortRange[] | null {
  return readAll(right, (item) => {
    const range = parseNftPortRange(item);
    return range === null ? null : [range];
  });
}

/** `80` or `{"range": [80, 90]}`. */
export function parseNftPortRange(item: Json): PortRange | null {
  if (typeof item === 'number') return { from: item, to: item };
  const [from, to] = [numberAt(item, 'range', 0), numberAt(item, 'range', 1)];
  return from === undefined || to === undefined ? null : { from, to };
}

/** Networks: `"192.0.2.1"`, `{"prefix": {"addr": "10.0.0.0", "len": 8}}`, `{"range": [first, last]}`, or a set of them. */
export function parseNftNetworks(right: Json): readonly Cidr[] | null {
  return readAll(right, (item) => {
    if (typeof item === 'string') return network(item, undefined);
    const [from, to] = [textAt(item, 'range', 0), textAt(item, 'range', 1)];
    if (from !== undefined && to !== undefined) return nonEmpty(cidrsOfRange(from, to));
    const [address, length] = [textAt(item, 'prefix', 'addr'), numberAt(item, 'prefix', 'len')];
    return address === undefined || length === undefined ? null : network(address, length);
  });
}

function network(text: string, length: number | undefined): readonly Cidr[] | null {
  const address = canonicalAddress(text);
  if (address === null) return null;
  const family = address.includes(':') ? 6 : 4;
  return [{ family, text: `${address}/${length ?? (family === 4 ? 32 : 128)}` }];
}

function nonEmpty<T>(list: readonly T[]): readonly T[] | null {
  return list.length > 0 ? list : null;
}

/** A mark under a mask from the right side: a number, or a prefix that gives the mask's leading ones. */
export function parseNftMark(right: Json): { readonly mark: number; readonly mask: number } | null {
  if (typeof right === 'number') return { mark: right, mask: 0xffffffff };
  const [mark, length] = [numberAt(right, 'prefix', 'addr'), numberAt(right, 'prefix', 'len')];
  if (mark === undefined || length === undefined) return null;
  // A shift by 32 bits would be none in JavaScript.
  return { mark, mask: length === 0 ? 0 : (0xffffffff << (32 - length)) >>> 0 };
}

/** Seconds since the epoch of `2030-01-01 00:00:00`, which nft prints in the time zone of its environment: UTC here. */
export function parseNftTime(right: Json): number | null {
  if (typeof right !== 'string') return null;
  const ms = Date.parse(`${right.replace(' ', 'T')}Z`);
  return Number.isNaN(ms) ? null : ms / 1000;
}
