/** Addresses of listeners as texts that can be compared: `127.0.0.1:80`, `[::1]:80`, `udp:[::]:443`, `unix:/path`. */
import ipaddr from 'ipaddr.js';

/** A TCP address in the form in which the kernel's table is read; null for a name that would have to be resolved. */
export function tcpAddressText(host: string, port: number): string | null {
  if (ipaddr.IPv4.isValidFourPartDecimal(host)) return `${host}:${port}`;
  return ipaddr.IPv6.isValid(host) ? `[${ipaddr.IPv6.parse(host).toString()}]:${port}` : null;
}

interface Endpoint {
  readonly kind: 'tcp' | 'udp';
  readonly host: string;
  readonly port: string;
}

function readEndpoint(text: string): Endpoint | null {
  const found = /^(udp:)?(\[[^\]]*\]|[\d.]+):(\d+)$/.exec(text);
  if (found === null) return null;
  const [, kind, host = '', port = ''] = found;
  return { kind: kind === undefined ? 'tcp' : 'udp', host, port };
}

/** Whether connections to `wanted` reach a socket bound to `bound`: the same address, or all of its family. */
export function coversAddress(bound: string, wanted: string): boolean {
  if (bound === wanted) return true;
  const [wide, narrow] = [readEndpoint(bound), readEndpoint(wanted)];
  if (wide === null || narrow === null || wide.kind !== narrow.kind || wide.port !== narrow.port) return false;
  return wide.host === (narrow.host.startsWith('[') ? '[::]' : '0.0.0.0');
}
