/** Networks of mesh.yaml as canonical text and as numbers. */
import ipaddr from 'ipaddr.js';
import type { Cidr } from './mesh-config.ts';
import { quoteValue, type ReadValue, refuseValue } from './yaml/field-value.ts';

/** What can stand in an address or network, for the JSON Schema; `readCidr` decides. */
export const CIDR_PATTERN = '^[0-9A-Fa-f:.]+(/[0-9]{1,3})?$';

const FORM = 'write a network such as 10.0.0.0/8 or fd00::/8, or one address such as 192.0.2.7';

/** A network as numbers: `bits` has the address's 32 or 128 bits, those after `length` cleared. */
interface Network {
  readonly family: 4 | 6;
  readonly bits: bigint;
  readonly length: number;
}

/**
 * One network of mesh.yaml. A lone address is a network of one; host bits are cleared, as iptables does it.
 * IPv4-mapped IPv6 becomes IPv4: a dual-stack socket that connects to ::ffff:10.0.0.1 sends IPv4 packets (RFC 4291
 * 2.5.5.2), so a rule on the IPv6 form would never match.
 */
export function readCidr(value: unknown): ReadValue<Cidr> {
  const refuse = (why: string, hint = FORM) => refuseValue(`${quoteValue(value)} is not a network`, why, hint);
  if (typeof value !== 'string') return refuse('a network is a text with dots or colons in it');
  const slash = value.indexOf('/');
  const host = slash === -1 ? value : value.slice(0, slash);
  if (host.includes('%')) return refuse('an address with a zone (%) is one of a single link, not a network');
  const address = readAddress(host);
  if (typeof address === 'string') return refuse(address);
  const width = address.family === 4 ? 32 : 128;
  const lengthText = slash === -1 ? String(width) : value.slice(slash + 1);
  if (lengthText.includes('.')) {
    return refuse(
      'the part after the / is a number of bits, not a mask',
      `write ${host}/ and the number of leading 1 bits of ${lengthText}`,
    );
  }
  const length = /^[0-9]{1,3}$/.test(lengthText) ? Number(lengthText) : Number.NaN;
  if (!(length <= width)) return refuse(`the length of an IPv${address.family} network lies between 0 and ${width}`);
  return { value: formatNetwork(unmap({ ...address, length })) };
}

/**
 * The networks sorted (IPv4 first, then by address) without those that lie inside another, and with two halves joined
 * to the whole. Empty stays empty.
 */
export function mergeCidrs(cidrs: readonly Cidr[]): readonly Cidr[] {
  const stack: Network[] = [];
  for (const network of cidrs.map(parseNetwork).toSorted(compareNetworks)) {
    const outer = stack.at(-1);
    if (outer !== undefined && containsNetwork(outer, network)) continue;
    stack.push(network);
    joinHalves(stack);
  }
  return stack.map(formatNetwork);
}

/** Whether a network holds an address; an address of the other family or one that is no address is held by none. */
export function cidrHoldsAddress(cidr: Cidr, address: string): boolean {
  if (!ipaddr.isValid(address)) return false;
  const parsed = ipaddr.process(address);
  const [network, length] = ipaddr.parseCIDR(cidr.text);
  return parsed.kind() === network.kind() && parsed.match(network, length);
}

/** Whether every address of `inner` lies in `outer`. Both are canonical. */
export function cidrContains(outer: Cidr, inner: Cidr): boolean {
  return containsNetwork(parseNetwork(outer), parseNetwork(inner));
}

/** The canonical text of one IPv4 or IPv6 address, null if it is none; IPv4-mapped IPv6 stays IPv6. */
export function canonicalAddress(text: string): string | null {
  const address = readAddress(text);
  return typeof address === 'string' ? null : formatAddress(address.family, address.bits);
}

/** The address, or why there is none. ipaddr.js alone would also take 010.0.0.1 (octal), 10.1 and 0x7f.1. */
function readAddress(text: string): { family: 4 | 6; bits: bigint } | string {
  if (text.includes(':')) {
    const tail = /:([0-9.]*\.[0-9.]*)$/.exec(text)?.[1];
    const strict = tail === undefined || ipaddr.IPv4.isValidFourPartDecimal(tail);
    if (!strict || !ipaddr.IPv6.isValid(text)) return 'the address is not valid IPv6';
    // ipaddr.js 2.5 takes ::1.2.3.4 for ::ffff:1.2.3.4.
    if (/^::[0-9]+\./.test(text)) return 'IPv4-compatible addresses are obsolete (RFC 4291, 2.5.5.1)';
    return { family: 6, bits: toBits(ipaddr.IPv6.parse(text).toByteArray()) };
  }
  if (ipaddr.IPv4.isValidFourPartDecimal(text)) {
    return { family: 4, bits: toBits(ipaddr.IPv4.parse(text).toByteArray()) };
  }
  if (/^0[0-9]|\.0[0-9]/.test(text))
    return 'a leading zero makes a number octal to some programs and decimal to others';
  return 'an IPv4 address has four numbers from 0 to 255';
}

function toBits(bytes: readonly number[]): bigint {
  return bytes.reduce((bits, byte) => (bits << 8n) | BigInt(byte), 0n);
}

const MAPPED_PREFIX = 0xffffn << 32n;

function unmap({ family, bits, length }: Network): Network {
  if (family === 6 && length >= 96 && bits >> 32n === 0xffffn) {
    return clearHostBits({ family: 4, bits: bits - MAPPED_PREFIX, length: length - 96 });
  }
  return clearHostBits({ family, bits, length });
}

function clearHostBits({ family, bits, length }: Network): Network {
  const hostBits = BigInt((family === 4 ? 32 : 128) - length);
  return { family, length, bits: (bits >> hostBits) << hostBits };
}

function parseNetwork({ family, text }: Cidr): Network {
  const [address = '', length = ''] = text.split('/');
  const parser = family === 4 ? ipaddr.IPv4 : ipaddr.IPv6;
  return { family, bits: toBits(parser.parse(address).toByteArray()), length: Number(length) };
}

function formatNetwork({ family, bits, length }: Network): Cidr {
  return { family, text: `${formatAddress(family, bits)}/${length}` };
}

function formatAddress(family: 4 | 6, bits: bigint): string {
  const bytes = Array.from({ length: family === 4 ? 4 : 16 }, (_, index) => index).map((index) =>
    Number((bits >> BigInt(8 * ((family === 4 ? 3 : 15) - index))) & 0xffn),
  );
  return family === 4 ? bytes.join('.') : new ipaddr.IPv6(bytes).toRFC5952String();
}

function compareNetworks(a: Network, b: Network): number {
  if (a.family !== b.family) return a.family - b.family;
  if (a.bits !== b.bits) return a.bits < b.bits ? -1 : 1;
  return a.length - b.length;
}

function containsNetwork(outer: Network, inner: Network): boolean {
  if (outer.family !== inner.family || outer.length > inner.length) return false;
  const hostBits = BigInt((outer.family === 4 ? 32 : 128) - outer.length);
  return outer.bits >> hostBits === inner.bits >> hostBits;
}

/** Joins the last two networks while they are the two halves of one. */
function joinHalves(stack: Network[]): void {
  for (;;) {
    const [low, high] = stack.slice(-2);
    if (low === undefined || high === undefined || low.family !== high.family || low.length !== high.length) return;
    const whole = clearHostBits({ ...low, length: low.length - 1 });
    if (low.length === 0 || whole.bits !== low.bits || !containsNetwork(whole, high)) return;
    stack.splice(-2, 2, whole);
  }
}
