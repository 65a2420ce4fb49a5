/** The count of connections on a draining Envoy. */
import { readFile } from 'node:fs/promises';
import { nullIfMissing } from '../../platform/null-if-missing.ts';
import type { DrainSample, DrainTracker } from '../ports.ts';
import { cutConnections } from './cut-connections.ts';
import { acceptedConnections, isEstablished, readTcpTable } from './tcp-table.ts';

/**
 * Counts the connections of a process that accepts no more. Which of them are its own is known once, by the sockets that
 * it holds (`owned`, inode numbers); afterwards the kernel's table is enough, which is cheap also with thousands of connections.
 */
export async function trackConnections(
  pid: number | 'self',
  owned: ReadonlySet<string>,
  ports: ReadonlySet<number>,
  paths: ReadonlySet<string>,
): Promise<DrainTracker> {
  async function sample(): Promise<DrainSample | null> {
    const [table, unix] = await Promise.all([readTcpTable(pid), paths.size === 0 ? [] : unixInodes(pid, paths)]);
    if (table === null || unix === null) return null;
    const rows = acceptedConnections(table, ports);
    const old = rows.filter((row) => owned.has(row.inode));
    const oldUnix = unix.filter((inode) => owned.has(inode)).length;
    return {
      old: old.filter(isEstablished).length + oldUnix,
      oldAny: old.length + oldUnix,
      new: rows.length - old.length + unix.length - oldUnix,
    };
  }
  const cut = (count: number) => cutConnections(owned, ports, count);
  return { atStart: (await sample())?.oldAny ?? 0, sample, cut };
}

// Num, RefCount, Protocol, Flags, Type, State, Inode, Path: an accepted socket has the path of its listener, and state 3
// (SS_CONNECTED, linux/net.h).
const ACCEPTED = /^\w+: \w+ \w+ 0*0 \w+ 03 +(\d+) (\S+)$/gm;

/** Inode numbers of the connections to Unix sockets with these paths; null when the process is gone. */
async function unixInodes(pid: number | 'self', paths: ReadonlySet<string>): Promise<string[] | null> {
  const text = await readFile(`/proc/${pid}/net/unix`, 'latin1').catch(nullIfMissing);
  if (text === null) return null;
  return [...text.matchAll(ACCEPTED)].flatMap(([, inode = '', path = '']) => (paths.has(path) ? [inode] : []));
}
