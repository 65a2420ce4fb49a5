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

/** A member takes at most so many bytes: an address has 45 characters, a port three bytes, a weight five. */
const MOST_BYTES = 80;

/** The field `lb_endpoints` of LocalityLbEndpoints (endpoint_components.proto). Where all weigh the same they have the default. */
export function encodeEndpoints(members: readonly EncodedMember[]): EncodedList {
  const scratch = Buffer.allocUnsafeSlow(members.length * MOST_BYTES);
  const [first] = members;
  const isDefault = members.every(({ weight }) => weight === first?.weight);
  let at = 0;
  for (const { address, port, weight } of members) {
    const { length } = address;
    const socket = 3 + length + varintBytes(port);
    const value = isDefault || weight === 1 ? 0 : 1 + varintBytes(weight);
    // All lengths take one byte.
    scratch[at] = LB_ENDPOINTS;
    scratch[at + 1] = 6 + socket + (value === 0 ? 0 : 2 + value);
    scratch[at + 2] = ENDPOINT;
    scratch[at + 3] = socket + 4;
    scratch[at + 4] = ADDRESS;
    scratch[at + 5] = socket + 2;
    scratch[at + 6] = SOCKET_ADDRESS;
    scratch[at + 7] = socket;
    scratch[at + 8] = HOST;
    scratch[at + 9] = length;
    scratch.write(address, at + 10, 'latin1');
    scratch[at + 10 + length] = PORT;
    at = varint(scratch, at + 11 + length, port);
    if (value === 0) continue;
    scratch[at] = WEIGHT;
    scratch[at + 1] = value;
    scratch[at + 2] = VALUE;
    at = varint(scratch, at + 3, weight);
  }
  return new EncodedList(exactly(scratch, at));
}

/** What is kept must not keep the rest. */
function exactly(scratch: Buffer, length: number): Buffer {
  const bytes = Buffer.allocUnsafeSlow(length);
  scratch.copy(bytes, 0, 0, length);
  return bytes;
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
