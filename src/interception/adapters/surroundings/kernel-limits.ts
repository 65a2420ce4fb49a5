/** Limits of the kernel that matter to proxied connections, from /proc/sys/net. */
import { readFile } from 'node:fs/promises';
import type { KernelLimits } from '../../surroundings/ports.ts';
import type { Seen } from '../../surroundings/seen.ts';

/** The limits of this network namespace. */
export async function readKernelLimits(proc = '/proc'): Promise<Seen<KernelLimits>> {
  try {
    const [established, keepalive, range, reserved] = await Promise.all([
      readOrNull(`${proc}/sys/net/netfilter/nf_conntrack_tcp_timeout_established`),
      readOrNull(`${proc}/sys/net/ipv4/tcp_keepalive_time`),
      readOrNull(`${proc}/sys/net/ipv4/ip_local_port_range`),
      readOrNull(`${proc}/sys/net/ipv4/ip_local_reserved_ports`),
    ]);
    const [from, to] = (range ?? '').split(/\s+/).map(Number);
    return {
      seen: {
        establishedTimeoutS: established === null ? null : Number(established),
        keepaliveS: keepalive === null ? null : Number(keepalive),
        localPorts: from === undefined || to === undefined ? null : { from, to },
        reservedPorts: (reserved ?? '')
          .split(',')
          .filter((part) => part !== '')
          .map((part) => part.split('-').map(Number))
          .map(([first = 0, last = first]) => ({ from: first, to: last })),
      },
    };
  } catch (error) {
    return { unseen: String(error) };
  }
}

async function readOrNull(path: string): Promise<string | null> {
  try {
    return (await readFile(path, 'utf8')).trim();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw error;
  }
}
