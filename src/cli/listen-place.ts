/** Reads an address of a control plane out of a flag. */
import { isAbsolute } from 'node:path';
import ipaddr from 'ipaddr.js';
import { wrongFlagValue } from './flags.ts';

/** An address of the network, or a socket. */
export type ListenPlace = { readonly path: string } | { readonly host: string; readonly port: number };

/** `IP:PORT`, `[IPv6]:PORT` or `unix:/PATH`. Throws WEIR1002 (exit 2). */
export function readListenPlace(flag: string, text: string): ListenPlace {
  const wrong = () => wrongFlagValue(flag, text, 'IP:PORT, [IPv6]:PORT or unix:/PATH');
  if (text.startsWith('unix:')) {
    const path = text.slice('unix:'.length);
    if (!isAbsolute(path)) throw wrong();
    return { path };
  }
  const [, v6, v4, digits] = /^(?:\[([0-9a-fA-F:.]+)\]|([0-9.]+)):(\d{1,5})$/.exec(text) ?? [];
  const host = v6 ?? v4 ?? '';
  const port = Number(digits);
  const isAddress = ipaddr.IPv4.isValidFourPartDecimal(host) || ipaddr.IPv6.isValid(host);
  if (!isAddress || !(port >= 1 && port <= 65_535)) throw wrong();
  return { host, port };
}
