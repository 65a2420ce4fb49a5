/** Addresses and ports that somebody else wrote into a registry. */
import ipaddr from 'ipaddr.js';
import { canonicalAddress } from '../../mesh/cidr.ts';

/** Ranges in which no address is one host's. */
const NO_HOST: ReadonlySet<string> = new Set(['unspecified', 'multicast', 'broadcast']);

/** The canonical text of the literal address of a host, or null: Envoy takes no host names in an endpoint. */
export function canonicalIp(value: unknown): string | null {
  // A zone names an interface of the host that wrote it.
  const text = typeof value === 'string' && !value.includes('%') ? canonicalAddress(value) : null;
  if (text === null) return null;
  // ::ffff:10.0.0.1 and 10.0.0.1 are one host: by one text they are one endpoint.
  const address = ipaddr.process(text);
  return NO_HOST.has(address.range()) ? null : address.toString();
}

/** A port from 1 to 65535, or null. Envoy accepts port 0 and would send calls there. */
export function readPort(value: unknown): number | null {
  const port = typeof value === 'string' && /^\d{1,5}$/.test(value) ? Number(value) : value;
  return typeof port === 'number' && Number.isInteger(port) && port >= 1 && port <= 65_535 ? port : null;
}

/** `10.0.0.1:20880` or `[fd00::1]:20880`. */
export function formatAddress(address: string, port: number): string {
  return address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`;
}
