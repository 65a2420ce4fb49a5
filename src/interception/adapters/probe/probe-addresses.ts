/** The choice of destination addresses for probes. */
import { randomBytes } from 'node:crypto';
import { networkInterfaces } from 'node:os';
import ipaddr from 'ipaddr.js';
import { runTool } from '../../../platform/exec.ts';
import type { ProbeScope } from '../../host.ts';

/** Networks that are nobody's by RFC 5737 and RFC 3849, so that a packet that does leave the host reaches no one. */
const DOCUMENTATION = {
  4: ['192.0.2.0/24', '198.51.100.0/24', '203.0.113.0/24'],
  6: ['2001:db8::/32'],
} as const;

/**
 * The number of random hosts of a network that are tried until one is allowed and is not this host. A /30 has two
 * hosts; one is left after our own.
 */
const DRAWS = 100;

/** The interfaces that are up, by name, as Node tells them. */
type Interfaces = ReturnType<typeof networkInterfaces>;

/**
 * Addresses for probes in one family, a list a scope, best first. First comes a random host of a documentation network,
 * then hosts of the included networks, then hosts of the networks that this host is connected to. Only addresses that
 * the scope allows count. Those without a route come last, and this host's own never. Empty when nothing fits. The host
 * is asked once, whatever the number of scopes.
 */
export async function probeAddresses(
  scopes: readonly ProbeScope[],
  family: 4 | 6,
  run: typeof runTool = runTool,
  interfaces: Interfaces = networkInterfaces(),
): Promise<string[][]> {
  const connected = connectedNetworks(interfaces, family);
  const own = new Set(connected.map(({ address }) => address));
  const nobodys = DOCUMENTATION[family].map((network) => new DrawnNetwork(network, family, own));
  const neighbours = connected.map(({ network }) => new DrawnNetwork(network, family, own));
  const drawn = scopes.map(({ allowed, included }) => {
    const inside = included.map((network) => new DrawnNetwork(network, family, own));
    // Of a network that no included one touches, no host need be tried.
    const isTouched = (one: DrawnNetwork) => included.length === 0 || inside.some((other) => one.overlaps(other));
    const networks = [...nobodys.filter(isTouched), ...inside, ...neighbours.filter(isTouched)];
    return [...new Set(networks.flatMap((network) => network.host(allowed) ?? []))];
  });
  const routed = await routedAddresses(run, [...new Set(drawn.flat())], family);
  return drawn.map((candidates) => [
    ...candidates.filter((one) => routed.has(one)),
    ...candidates.filter((one) => !routed.has(one)),
  ]);
}

/** A network with random hosts in it, drawn once for all scopes. */
class DrawnNetwork {
  readonly #range: [ipaddr.IPv4 | ipaddr.IPv6, number] | null;
  readonly #draw: () => string | null;
  readonly #hosts: string[] = [];

  constructor(network: string, family: 4 | 6, own: ReadonlySet<string>) {
    const range = ipaddr.isValidCIDR(network) ? ipaddr.parseCIDR(network) : null;
    this.#range = range !== null && (range[0].kind() === 'ipv4') === (family === 4) ? range : null;
    this.#draw = () => {
      const host = this.#range === null ? null : randomHost(this.#range);
      return host === null || own.has(host) ? null : host;
    };
  }

  /** The first drawn host that is allowed; null when there is none. */
  host(allowed: (address: string) => boolean): string | null {
    if (this.#range === null) return null;
    const known = this.#hosts.find((host) => host !== '' && allowed(host));
    if (known !== undefined) return known;
    for (let draw = this.#hosts.length; draw < DRAWS; draw += 1) {
      const host = this.#draw();
      // Null counts as a draw as well: a network may hold nothing but this host.
      this.#hosts.push(host ?? '');
      if (host !== null && allowed(host)) return host;
    }
    return null;
  }

  /** Whether the two have an address in common. */
  overlaps(other: DrawnNetwork): boolean {
    const [one, two] = [this.#range, other.#range];
    if (one === null || two === null) return false;
    return one[0].match(two[0], Math.min(one[1], two[1]));
  }
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

/** Those of link-local scope count as nobody's neighbours: their addresses need an interface. */
function connectedNetworks(interfaces: Interfaces, family: 4 | 6): ConnectedNetwork[] {
  return Object.values(interfaces).flatMap((own = []) =>
    own.flatMap(({ address, cidr, internal, family: found }) =>
      internal || found !== `IPv${family}` || cidr === null || /^(?:fe[89ab]|169\.254\.)/.test(address)
        ? []
        : [{ address, network: cidr }],
    ),
  );
}

// One `ip` for all of them; with -force it goes on after an address that has no route.
async function routedAddresses(
  run: typeof runTool,
  candidates: readonly string[],
  family: 4 | 6,
): Promise<ReadonlySet<string>> {
  if (candidates.length === 0) return new Set();
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
function randomHost([address, length]: readonly [ipaddr.IPv4 | ipaddr.IPv6, number]): string {
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
