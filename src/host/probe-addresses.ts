import { randomBytes } from 'node:crypto';
import ipaddr from 'ipaddr.js';
import { runTool } from './exec.ts';

/** Networks that are nobody's by RFC 5737 and RFC 3849, so that a packet that does leave the host reaches no one. */
const DOCUMENTATION = {
  4: ['192.0.2.0/24', '198.51.100.0/24', '203.0.113.0/24'],
  6: ['2001:db8::/32'],
} as const;

/** How many hosts of each network are tried until one is allowed and is not this host; a /30 has one of two left. */
const DRAWS = 100;

/** What else decides about candidates. */
export interface ProbeAddressOptions {
  /** Networks that the application's traffic is diverted in, if not everywhere: hosts of these are candidates as well. */
  readonly included?: readonly string[];
  readonly run?: typeof runTool;
}

/**
 * Addresses to send a probe to in one family, best first: a random host of a documentation network, then hosts of the
 * included networks, then of the networks that this host is connected to. Only addresses that `allowed` takes; those
 * without a route come last, and this host's own never. Empty when nothing fits.
 */
export async function probeAddresses(
  allowed: (address: string) => boolean,
  family: 4 | 6,
  { included = [], run = runTool }: ProbeAddressOptions = {},
): Promise<string[]> {
  const connected = await connectedNetworks(run, family);
  const own = new Set(connected.map(({ address }) => address));
  const networks = [...DOCUMENTATION[family], ...included, ...connected.map(({ network }) => network)];
  const drawn = networks.flatMap((network) => {
    const draws = Array.from({ length: DRAWS }, () => randomHost(network, family));
    return draws.find((host) => host !== null && !own.has(host) && allowed(host)) ?? [];
  });
  const candidates = [...new Set(drawn)];
  const routed = await routedAddresses(run, candidates, family);
  return [...candidates.filter((one) => routed.has(one)), ...candidates.filter((one) => !routed.has(one))];
}

/** Whether an address lies in a documentation network: whatever conntrack has about it is a probe's. */
export function isDocumentationAddress(address: string): boolean {
  const family = address.includes(':') ? 6 : 4;
  return DOCUMENTATION[family].some((network) => ipaddr.parse(address).match(ipaddr.parseCIDR(network)));
}

interface ConnectedNetwork {
  readonly address: string;
  readonly network: string;
}

async function connectedNetworks(run: typeof runTool, family: 4 | 6): Promise<ConnectedNetwork[]> {
  const { stdout } = await run(['ip', '-j', `-${family}`, 'addr', 'show'], { timeoutMs: 5000 });
  const links = JSON.parse(stdout || '[]') as {
    flags?: string[];
    addr_info?: { local?: string; prefixlen?: number; scope?: string }[];
  }[];
  return links.flatMap(({ flags = [], addr_info = [] }) =>
    addr_info.flatMap(({ local, prefixlen, scope }) =>
      scope === 'global' && local !== undefined && prefixlen !== undefined && !flags.includes('LOOPBACK')
        ? [{ address: local, network: `${local}/${prefixlen}` }]
        : [],
    ),
  );
}

// One `ip` for all of them; with -force it goes on after an address that has no route.
async function routedAddresses(
  run: typeof runTool,
  candidates: readonly string[],
  family: 4 | 6,
): Promise<ReadonlySet<string>> {
  const input = candidates.map((address) => `route get ${address}\n`).join('');
  const { stdout } = await run(['ip', '-j', `-${family}`, '-force', '-batch', '-'], {
    timeoutMs: 5000,
    input,
    reject: false,
  });
  const routes = stdout
    .split('\n')
    .filter((line) => line.startsWith('['))
    .flatMap((line) => JSON.parse(line) as { dst?: string; type?: string }[]);
  return new Set(
    routes.flatMap(({ dst, type }) => (dst !== undefined && (type ?? 'unicast') === 'unicast' ? [dst] : [])),
  );
}

/** A host of a network, in canonical text: not the network's own address, nor (IPv4) its broadcast address. */
function randomHost(network: string, family: 4 | 6): string | null {
  if (!ipaddr.isValidCIDR(network)) return null;
  const [address, length] = ipaddr.parseCIDR(network);
  if ((address.kind() === 'ipv4') !== (family === 4)) return null;
  const bytes = address.toByteArray();
  const random = randomBytes(bytes.length);
  const mixed = bytes.map((byte, index) => {
    const fixed = Math.min(8, Math.max(0, length - 8 * index));
    const hostMask = 0xff >> fixed;
    return (byte & ~hostMask & 0xff) | ((random[index] ?? 0) & hostMask);
  });
  const hostBits = 8 * bytes.length - length;
  const last = bytes.length - 1;
  // An all-zero or all-one host part is avoided by its last byte alone; networks of one or two hosts have neither.
  if (hostBits >= 2) {
    const mask = hostBits >= 8 ? 0xff : (1 << hostBits) - 1;
    const host = (mixed[last] ?? 0) & mask;
    if (host === 0 || host === mask) mixed[last] = ((mixed[last] ?? 0) & ~mask) | 1;
  }
  return ipaddr.fromByteArray(mixed).toString();
}
