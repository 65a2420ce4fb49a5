/** The listening addresses of a process, of all families, by its open sockets. */
import { readFile } from 'node:fs/promises';
import { nullIfMissing } from '../../platform/null-if-missing.ts';
import { parseTcpTable, tcpTables } from './tcp-table.ts';

/** A listening address of the network namespace and the socket behind it. */
export interface HeldEndpoint {
  /** As `BootstrapListeners.bound` has it. */
  readonly address: string;
  readonly inode: string;
}

/** TCP_LISTEN (include/net/tcp_states.h). */
const LISTEN = 10;
/** The state of an unconnected UDP socket, which takes datagrams of every sender. */
const UNCONNECTED = 7;
// Num, RefCount, Protocol, Flags, Type, State, Inode, Path; flag 10000 is set by listen() (net/unix/af_unix.c).
const UNIX_ROW = /^\w+: \w+ \w+ (\w+) \w+ \w+ +(\d+) (\S+)$/gm;
/** __SO_ACCEPTCON (linux/net.h). */
const ACCEPTS = 0x10000;

/** Every listening address of the network namespace of a process; null when it is gone. Throws when they cannot be read. */
export async function readEndpoints(pid: number | 'self'): Promise<readonly HeldEndpoint[] | null> {
  const read = (name: string) => readFile(`/proc/${pid}/net/${name}`, 'latin1').catch(nullIfMissing);
  const [udp, udp6, unix, tcp, tcp6] = await Promise.all(['udp', 'udp6', 'unix', ...tcpTables(pid)].map(read));
  // A kernel without IPv6 has no tcp6 and udp6; the others are always there.
  if (typeof tcp !== 'string' || typeof udp !== 'string' || typeof unix !== 'string') return null;
  const rows = (text: string | null | undefined, state: number, prefix: string) =>
    parseTcpTable(text ?? '')
      .filter((row) => row.state === state)
      .map(({ local, inode }) => ({ address: prefix + local, inode }));
  return [
    ...rows(tcp, LISTEN, ''),
    ...rows(tcp6, LISTEN, ''),
    ...rows(udp, UNCONNECTED, 'udp:'),
    ...rows(udp6, UNCONNECTED, 'udp:'),
    ...[...unix.matchAll(UNIX_ROW)].flatMap(([, flags = '0', inode = '', path = '']) =>
      (Number.parseInt(flags, 16) & ACCEPTS) === 0 ? [] : [{ address: `unix:${path}`, inode }],
    ),
  ];
}
