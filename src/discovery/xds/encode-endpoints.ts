/**
 * Members of a cluster as bytes, without a detour over JSON: the list is written anew for each instance that joins, and is most
 * of what an agent does then. `encodeMessage` gives the same bytes for the same members.
 */
import { EncodedList } from './encode-message.ts';
import { varintBytes } from './proto-writer.ts';

/** One member. */
export interface EncodedMember {
  /** A literal address: ASCII. */
  readonly address: string;
  readonly port: number;
  /** Envoy's default is 1, which is not written. */
  readonly weight: number;
}

/** Tags of the fields: their number times 8, and 2 for what has a length. */
const LB_ENDPOINTS = (2 << 3) | 2;
const ENDPOINT = (1 << 3) | 2;
const ADDRESS = (1 << 3) | 2;
const SOCKET_ADDRESS = (1 << 3) | 2;
const HOST = (2 << 3) | 2;
const PORT = 3 << 3;
const WEIGHT = (4 << 3) | 2;
const VALUE = 1 << 3;

/** The field `lb_endpoints` of LocalityLbEndpoints (endpoint_components.proto) for these members. */
export function encodeEndpoints(members: readonly EncodedMember[]): EncodedList {
  let total = 0;
  for (const member of members) {
    const { all } = sizesOf(member);
    total += 1 + varintBytes(all) + all;
  }
  const bytes = Buffer.allocUnsafeSlow(total);
  let at = 0;
  const head = (tag: number, length: number) => {
    bytes[at] = tag;
    at = varint(bytes, at + 1, length);
  };
  for (const member of members) {
    const { socket, weight, all } = sizesOf(member);
    head(LB_ENDPOINTS, all);
    head(ENDPOINT, socket + 4);
    head(ADDRESS, socket + 2);
    head(SOCKET_ADDRESS, socket);
    head(HOST, member.address.length);
    at += bytes.write(member.address, at, 'latin1');
    head(PORT, member.port);
    if (weight === null) continue;
    head(WEIGHT, weight);
    head(VALUE, member.weight);
  }
  return new EncodedList(bytes);
}

/** The lengths of the messages of a member. An address has 45 characters at most: lengths within it take one byte. */
function sizesOf({ address, port, weight }: EncodedMember) {
  const socket = 2 + address.length + 1 + varintBytes(port);
  if (weight === 1) return { socket, weight: null, all: 6 + socket };
  const value = 1 + varintBytes(weight);
  return { socket, weight: value, all: 6 + socket + 2 + value };
}

function varint(bytes: Buffer, start: number, value: number): number {
  let at = start;
  let rest = value;
  for (; rest > 127; rest = Math.floor(rest / 128)) {
    bytes[at] = (rest % 128) + 128;
    at += 1;
  }
  bytes[at] = rest;
  return at + 1;
}
