/** Conversion of an address range into networks. */
import ipaddr from 'ipaddr.js';
import type { Cidr } from '../../mesh/mesh-config.ts';

/**
 * The fewest networks that hold exactly the addresses `from` to `to`, both included; empty when they are no range of
 * one family. nft prints neighbouring networks as such a range when they form no single network.
 */
export function cidrsOfRange(from: string, to: string): readonly Cidr[] {
  const [first, last] = [toBits(from), toBits(to)];
  if (first === null || last === null || first.family !== last.family) return [];
  const { family } = first;
  const width = family === 4 ? 32n : 128n;
  const networks: Cidr[] = [];
  for (let at = first.bits; at <= last.bits; ) {
    let hostBits = 0n;
    while (hostBits < width && startsBlock(at, hostBits + 1n) && at + (1n << (hostBits + 1n)) - 1n <= last.bits) {
      hostBits += 1n;
    }
    networks.push({ family, text: `${fromBits(family, at)}/${width - hostBits}` });
    at += 1n << hostBits;
  }
  return networks;
}

function startsBlock(address: bigint, hostBits: bigint): boolean {
  return address % (1n << hostBits) === 0n;
}

function toBits(text: string): { family: 4 | 6; bits: bigint } | null {
  if (!ipaddr.isValid(text)) return null;
  const address = ipaddr.parse(text);
  const bits = address.toByteArray().reduce((sum, byte) => (sum << 8n) | BigInt(byte), 0n);
  return { family: address.kind() === 'ipv4' ? 4 : 6, bits };
}

function fromBits(family: 4 | 6, bits: bigint): string {
  const count = family === 4 ? 4 : 16;
  const bytes = Array.from({ length: count }, (_, index) => Number((bits >> BigInt(8 * (count - 1 - index))) & 0xffn));
  return family === 4 ? bytes.join('.') : new ipaddr.IPv6(bytes).toRFC5952String();
}
