/** Addresses of a bootstrap on which somebody else listens already. With SO_REUSEPORT both would get connections. */
import { readdir, readFile } from 'node:fs/promises';
import type { BootstrapFacts } from '../envoy/bootstrap-facts.ts';
import { socketInodes } from './process-identity.ts';
import { listenersOnPort, type TcpRow } from './tcp-table.ts';

/** `foreign`: the sockets of the network namespace that are not the sidecar's own. */
export function busyAddresses(bootstrap: BootstrapFacts | null, foreign: readonly TcpRow[]): string[] {
  return (bootstrap?.listeners.bound ?? []).filter((address) => clashing(address, foreign).length > 0);
}

function clashing(address: string, foreign: readonly TcpRow[]): TcpRow[] {
  const port = Number(address.slice(address.lastIndexOf(':') + 1));
  const isWildcard = (local: string) => /^(0\.0\.0\.0|\[::\]):/.test(local);
  const v6 = (local: string) => local.startsWith('[');
  return listenersOnPort(foreign, port).filter(
    ({ local }) => local === address || (v6(local) === v6(address) && (isWildcard(local) || isWildcard(address))),
  );
}

/** The listener on an address, as `envoy (pid 12)`; null when no readable process holds it. */
export async function whoListens(address: string, rows: readonly TcpRow[]): Promise<string | null> {
  const wanted = new Set(clashing(address, rows).map(({ inode }) => inode));
  for (const pid of (await readdir('/proc')).filter((name) => /^\d+$/.test(name))) {
    const inodes = await socketInodes(Number(pid)).catch(() => new Set<string>());
    if (![...inodes].some((inode) => wanted.has(inode))) continue;
    const name = await readFile(`/proc/${pid}/comm`, 'utf8').catch(() => '');
    return `${name.trim() || 'a process'} (pid ${pid})`;
  }
  return null;
}
