/** Addresses of tag rules. */
import { OpaqueSignal } from '../groovy/machine/exceptions.ts';
import { allOf, anyOf, EVERY_PROVIDER, NO_PROVIDER, noneOf } from '../groovy/machine/predicates.ts';
import type { Term } from '../plan/plan-term.ts';
import type { PlanTest, ProviderPredicate } from '../plan/route-plan.ts';
import { digitsBetween } from './condition-pattern.ts';

/** Whether Dubbo compares link-local addresses (169.254.0.0/16) with a pattern. */
export interface IpComparison {
  readonly linkLocal: boolean;
}

/**
 * The providers that an address of a tag rule takes, as NetUtils.matchIpExpression compares it with an IPv4 host and port:
 * `10.9.1.*`, `10.9.1.7-9:20880`, `10.9.0.0/16`, `0.0.0.0:20880` (any host). A pattern that Java throws at takes nobody.
 * NetUtils takes loopback addresses and 0.0.0.0 for no IPv4 addresses: networks hold them, other patterns never.
 * @throws OpaqueSignal for names, which Java looks up in DNS, and for IPv6.
 */
export function ipExpression(address: string, { linkLocal }: IpComparison): ProviderPredicate {
  if (address.includes('/')) return network(address);
  const pattern = address.replace(/^[\0- ]+|[\0- ]+$/g, '');
  if (pattern === '*' || pattern === '*.*.*.*') return EVERY_PROVIDER;
  if (pattern.startsWith('[')) throw new OpaqueSignal('unsupported', `the IPv6 address ${address}`);
  const colon = pattern.indexOf(':');
  const host = colon < 0 ? pattern : pattern.slice(0, colon);
  const port = colon < 0 ? null : pattern.slice(colon + 1);
  // The text as written is compared for any host, without the trim.
  const anyHost = /^0\.0\.0\.0:(\d+)$/.exec(address)?.[1];
  if (anyHost !== undefined)
    return plainPort(anyHost) ? allOf([portIs(anyHost), compared('*.*.*.*', linkLocal)]) : NO_PROVIDER;
  if (port !== null && !plainPort(port)) return NO_PROVIDER;
  const among = compared(host, linkLocal);
  const where = hostIs(host);
  if (where.p === 'false' || among.p === 'false') return NO_PROVIDER;
  if (port === null) return allOf([where, among]);
  if (where.p === 'test' && where.test.op === 'eq') return addressIs(`${host}:${port}`);
  return allOf([where, portIs(port), among]);
}

/** Whether a pattern names link-local addresses, and not just many addresses with these among them. */
export function namesLinkLocal(address: string): boolean {
  const [first = '', second = ''] = address.trim().split('.');
  return !address.includes('/') && first !== '*' && canBe(first, 169) && canBe(second, 254);
}

/** All providers whose address is compared with patterns. */
export function comparedHosts({ linkLocal }: IpComparison): ProviderPredicate {
  return compared('*.*.*.*', linkLocal);
}

/** Whether a host is an IPv4 address that some line of Dubbo does not compare with patterns. */
export function isUncompared(host: string): boolean {
  return host.startsWith('127.') || host === '0.0.0.0' || isLinkLocal(host);
}

/** Whether a host is a link-local IPv4 address. */
export function isLinkLocal(host: string): boolean {
  return host.startsWith('169.254.');
}

/** The addresses that are compared at all, among those of a pattern: every one where it holds none of the others. */
function compared(pattern: string, linkLocal: boolean): ProviderPredicate {
  const parts = pattern.split('.');
  const others: ProviderPredicate[] = [];
  for (const odd of linkLocal ? UNCOMPARED : [...UNCOMPARED, ['169', '254']]) {
    if (!odd.every((octet, at) => canBe(parts[at] ?? '', Number(octet)))) continue;
    if (odd.every((octet, at) => parts[at] === octet)) return NO_PROVIDER;
    const rest = odd.length < 4 ? '\\..*' : '';
    others.push(test({ t: 'host' }, { op: 'regex', pattern: `${odd.join('\\.')}${rest}`, mode: 'full' }));
  }
  return others.length === 0 ? EVERY_PROVIDER : noneOf(anyOf(others));
}

/** The first numbers of addresses that are no IPv4 addresses to NetUtils. */
const UNCOMPARED: readonly (readonly string[])[] = [['127'], ['0', '0', '0', '0']];

function canBe(part: string, octet: number): boolean {
  const [, low, high] = /^(\d+)-(\d+)$/.exec(part) ?? [];
  if (low !== undefined) return Number(low) <= octet && octet <= Number(high);
  return part === '*' || (/^\d+$/.test(part) && Number(part) === octet);
}

/** Whether a text is what Java prints for a port. */
function plainPort(text: string): boolean {
  return /^(?:[1-9][0-9]{0,4}|0)$/.test(text) && Number(text) <= 65_535;
}

function hostIs(pattern: string): ProviderPredicate {
  // String.split drops empty parts at the end.
  const parts = pattern.split('.');
  while (parts.at(-1) === '') parts.pop();
  if (parts.length !== 4) return NO_PROVIDER;
  if (!/[*-]/.test(pattern)) {
    if (parts.every(isOctet) && pattern.split('.').length === 4) return equal({ t: 'host' }, pattern);
    throw new OpaqueSignal('unsupported', `the host ${pattern}, which Java looks up`);
  }
  const segments: string[] = [];
  for (const part of parts) {
    const segment = segmentPattern(part);
    if (segment === null) return NO_PROVIDER;
    segments.push(segment);
  }
  return test({ t: 'host' }, { op: 'regex', pattern: segments.join('\\.'), mode: 'full' });
}

/** A pattern for one number of an address; null where nothing can match, or Java throws. */
function segmentPattern(part: string): string | null {
  if (part === '*') return '[0-9]+';
  if (isOctet(part)) return part;
  const range = /^(\d+)-(\d+)$/.exec(part);
  if (range) {
    const [low, high] = [Number(range[1]), Math.min(255, Number(range[2]))];
    return low > high ? null : `(?:${digitsBetween(low, high).join('|')})`;
  }
  // Zero alone may be written with up to four digits.
  return /^0{2,4}$/.test(part) ? '0' : null;
}

function isOctet(text: string): boolean {
  return /^(?:0|[1-9][0-9]{0,2})$/.test(text) && Number(text) <= 255;
}

/** `10.9.0.0/16`; a port is not allowed there, Java throws at it. */
function network(address: string): ProviderPredicate {
  const [, host = '', bits = ''] = /^([^/]*)\/(\d+)$/.exec(address) ?? [];
  const octets = host.split('.');
  const width = Number(bits);
  if (bits === '' || octets.length !== 4 || !octets.every(isOctet))
    throw new OpaqueSignal('unsupported', `the network ${address}`);
  if (width > 32) return NO_PROVIDER;
  const whole = octets.slice(0, Math.floor(width / 8));
  const rest = width % 8;
  const segments = [...whole];
  if (rest > 0) {
    const size = 2 ** (8 - rest);
    const start = Math.floor(Number(octets[whole.length]) / size) * size;
    segments.push(`(?:${digitsBetween(start, start + size - 1).join('|')})`);
  }
  while (segments.length < 4) segments.push('[0-9]+');
  return test({ t: 'host' }, { op: 'regex', pattern: segments.join('\\.'), mode: 'full' });
}

/** The providers of an address, `10.9.1.7:20880`. */
export function addressIs(address: string): ProviderPredicate {
  return equal({ t: 'address' }, address);
}

function portIs(port: string): ProviderPredicate {
  return test({ t: 'port' }, { op: 'eq', values: [{ t: 'java.lang.Integer', v: port }] });
}

function equal(term: Term, text: string): ProviderPredicate {
  return test(term, { op: 'eq', values: [{ t: 'java.lang.String', v: text }] });
}

function test(term: Term, of: PlanTest): ProviderPredicate {
  return { p: 'test', term, test: of };
}

/** Whether a host is an IPv4 address: not a name, not IPv6. */
export function isPlainHost(host: string): boolean {
  const octets = host.split('.');
  return octets.length === 4 && octets.every(isOctet);
}
