/** Runs of the conntrack program, with its odd exit codes mended. */
import ipaddr from 'ipaddr.js';
import { type runTool, toolFailed } from '../../../platform/exec.ts';
import type { TcpEndpoint } from '../../ports.ts';

const TIMEOUT_MS = 20_000;

/** How often a deletion is begun again because an entry ended by itself between its listing and its deletion. */
const ATTEMPTS = 50;

/**
 * Runs `conntrack -L ...` or `conntrack -D ...` and resolves to the entries as it printed them.
 * `conntrack -D` exits with 1 when nothing matched, and some versions of -L do: the summary on stderr says that it worked.
 * Throws WEIR2001 when conntrack is missing and WEIR2003 when it fails.
 */
export async function runConntrack(run: typeof runTool, args: readonly string[]): Promise<string> {
  let output = '';
  for (let attempt = 1; ; attempt += 1) {
    const { exitCode, stdout, stderr } = await run(['conntrack', ...args], { timeoutMs: TIMEOUT_MS, reject: false });
    output += stdout;
    if (exitCode === 0 || /flow entries have been/.test(stderr)) return output;
    // conntrack-tools 1.4 gives up at the first entry that has ended meanwhile, so the rest is deleted by another run.
    if (attempt < ATTEMPTS && /doesn't exist/.test(stderr)) continue;
    throw toolFailed(['conntrack', ...args], { exitCode, stdout, stderr });
  }
}

/**
 * Options that narrow conntrack to the TCP flows of one family for these places, or for few others. They name the
 * smallest network that holds all places, and the port if there is only one.
 */
export function conntrackNarrowing(places: readonly TcpEndpoint[]): string[] {
  const addresses = [...new Set(places.map(({ address }) => address))];
  const ports = [...new Set(places.map(({ port }) => port))];
  const family = addresses[0]?.includes(':') ? 'ipv6' : 'ipv4';
  const network = addresses.length === 1 ? addresses[0] : sharedNetwork(addresses);
  return [
    ...['-p', 'tcp', '-f', family],
    ...(network === undefined ? [] : ['--orig-dst', network]),
    ...(ports.length === 1 ? ['--orig-port-dst', String(ports[0])] : []),
  ];
}

/**
 * The smallest network that holds all of the addresses, which are of one family; undefined when only the whole family
 * does.
 */
function sharedNetwork(addresses: readonly string[]): string | undefined {
  const [first = [], ...others] = addresses.map((address) => ipaddr.parse(address).toByteArray());
  let length = 8 * first.length;
  for (const other of others) {
    const index = first.findIndex((byte, at) => byte !== other[at]);
    if (index >= 0) length = Math.min(length, 8 * index + Math.clz32((first[index] ?? 0) ^ (other[index] ?? 0)) - 24);
  }
  // conntrack takes the network's own address alone.
  const own = first.map((byte, at) => byte & (0xff << Math.min(8, Math.max(0, 8 * (at + 1) - length))) & 0xff);
  return length <= 0 ? undefined : `${ipaddr.fromByteArray(own).toString()}/${length}`;
}
