/** Whether a destination is an address: a name is asked of DNS, by Envoy. Pure. */
import ipaddr from 'ipaddr.js';

/** Four decimals with dots, or IPv6 without brackets: what Envoy takes for an address. */
export function isAddress(host: string): boolean {
  return ipaddr.IPv4.isValidFourPartDecimal(host) || (ipaddr.IPv6.isValid(host) && !host.includes('%'));
}
