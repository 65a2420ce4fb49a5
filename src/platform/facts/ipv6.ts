/** The state of IPv6 in a network namespace. */
import { readFile } from 'node:fs/promises';
import { nullIfMissing } from '../null-if-missing.ts';

/** `absent`: the kernel has none. `unused`: no interface has an IPv6 address. */
export type Ipv6 = 'absent' | 'unused' | 'used';

/** The kernel's list of the IPv6 addresses of a namespace; missing where it has no IPv6 or was told to do without. */
export const IPV6_ADDRESSES = '/proc/self/net/if_inet6';

/** The answer for this process's namespace, or for another one by a reader of its `IPV6_ADDRESSES`. Throws what that throws. */
export async function readIpv6(
  read: (path: string) => Promise<string | null> = (path) => readFile(path, 'utf8').catch(nullIfMissing),
): Promise<Ipv6> {
  const text = await read(IPV6_ADDRESSES);
  if (text === null) return 'absent';
  return text.trim() === '' ? 'unused' : 'used';
}
