import ipaddr from 'ipaddr.js';
import type { Cidr } from '../config/mesh-config.ts';

/** Whether a network holds an address; an address of the other family or one that is no address is held by none. */
export function cidrContains(cidr: Cidr, address: string): boolean {
  if (!ipaddr.isValid(address)) return false;
  const parsed = ipaddr.process(address);
  const [network, length] = ipaddr.parseCIDR(cidr.text);
  return parsed.kind() === network.kind() && parsed.match(network, length);
}
