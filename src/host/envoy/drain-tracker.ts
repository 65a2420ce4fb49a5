import type { DrainSample, DrainTracker } from '../../usecases/ports/sidecar.ts';
import { acceptedConnections, isEstablished, readTcpTable } from './tcp-table.ts';

/**
 * Counts the connections of a process that accepts no more. Which of them are its own is known once, by the sockets that
 * it holds (`owned`, inode numbers); afterwards the kernel's table is enough, which is cheap also with thousands of connections.
 */
export async function trackConnections(
  pid: number | 'self',
  owned: ReadonlySet<string>,
  ports: ReadonlySet<number>,
): Promise<DrainTracker> {
  async function sample(): Promise<DrainSample | null> {
    const table = await readTcpTable(pid);
    if (table === null) return null;
    const rows = acceptedConnections(table, ports);
    const old = rows.filter((row) => owned.has(row.inode));
    return {
      old: old.filter(isEstablished).length,
      oldAny: old.length,
      new: rows.length - old.length,
    };
  }
  return { atStart: (await sample())?.oldAny ?? 0, sample };
}
