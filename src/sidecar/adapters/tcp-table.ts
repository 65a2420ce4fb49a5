/** The kernel's tables of TCP sockets, /proc/PID/net/tcp and tcp6. */
import { closeSync, openSync, readFileSync, readSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { nullIfMissing } from '../../platform/null-if-missing.ts';

/** One TCP socket of a network namespace, as /proc/PID/net/tcp and tcp6 list it. */
export interface TcpRow {
  /** Canonical enough to compare: `127.0.0.1:15001`, `[::1]:15001`. */
  readonly local: string;
  readonly localPort: number;
  /** The kernel's state number: 1 established, 8 close-wait, 10 listen. */
  readonly state: number;
  /** Of a listener: connections that wait to be accepted. Else bytes that wait to be read. */
  readonly waiting: number;
  readonly inode: string;
}

// State numbers of include/net/tcp_states.h.
const ESTABLISHED = 1;
const CLOSE_WAIT = 8;
const LISTEN = 10;

/** Every TCP socket of the network namespace of a process; null when the process is gone. Throws when it cannot tell. */
export async function readTcpTable(pid: number | 'self'): Promise<TcpRow[] | null> {
  const [v4, v6] = await Promise.all(
    // A kernel without IPv6 has no tcp6; IPv4's table is always there.
    tcpTables(pid).map((name) => readFile(`/proc/${pid}/net/${name}`, 'latin1').catch(nullIfMissing)),
  );
  return typeof v4 !== 'string' ? null : [...parseTcpTable(v4), ...parseTcpTable(v6 ?? '')];
}

/**
 * The tables in /proc/PID/net that can have rows. The kernel walks a table of a quarter of a million places for each, also
 * when it is empty, which takes milliseconds; many hosts and pods have no socket of IPv6, and their count tells so at once.
 */
export function tcpTables(pid: number | 'self'): readonly ('tcp' | 'tcp6')[] {
  try {
    return countsNoTcp6(readFileSync(`/proc/${pid}/net/sockstat6`, 'latin1')) ? ['tcp'] : ['tcp', 'tcp6'];
  } catch {
    // Whoever reads the tables learns why.
    return ['tcp', 'tcp6'];
  }
}

/** Whether the text of /proc/net/sockstat6 says that there is no TCP socket of IPv6 but those that only wait to be forgotten. */
export function countsNoTcp6(text: string): boolean {
  return /^TCP6: inuse 0$/m.test(text);
}

// sl, local, remote, state, queues, timer, retransmits, uid, timeout, inode; one pass, since a host may have 50 000 rows.
const ROW = /^ *\d+: (\w+):(\w{4}) \w+:\w{4} (\w\w) \w+:(\w+) \S+ \S+ +\d+ +\d+ (\d+)/gm;

/** Parses the text of /proc/net/tcp or tcp6 (columns: kernel's Documentation/networking/proc_net_tcp.rst). */
export function parseTcpTable(text: string): TcpRow[] {
  const rows: TcpRow[] = [];
  const hosts = new Map<string, string>();
  for (const [, address = '', port = '', state = '', queued = '', inode = ''] of text.matchAll(ROW)) {
    let host = hosts.get(address);
    if (host === undefined) {
      host = hostOf(address);
      hosts.set(address, host);
    }
    const localPort = Number.parseInt(port, 16);
    const [number, waiting] = [Number.parseInt(state, 16), Number.parseInt(queued, 16)];
    rows.push({ local: `${host}:${localPort}`, localPort, state: number, waiting, inode });
  }
  return rows;
}

// Each 32-bit word stands in host byte order, which is little-endian on every machine that Envoy is built for.
function hostOf(hex: string): string {
  const bytes = Buffer.from(hex, 'hex');
  bytes.swap32();
  if (bytes.length === 4) return [...bytes].join('.');
  const groups = Array.from({ length: 8 }, (_, index) => bytes.readUInt16BE(index * 2).toString(16));
  const longest = groups
    .join(':')
    .match(/\b0(?::0\b)+/g)
    ?.sort((a, b) => b.length - a.length)[0];
  const joined = groups.join(':');
  if (longest === undefined) return `[${joined}]`;
  return `[${joined.replace(longest, longest === joined ? '::' : ':').replace(/:{2,}/, '::')}]`;
}

/**
 * The sockets on which a process accepts connections; ports in `except` (the admin's) are left out. Empty when the
 * process is gone. Throws when it cannot tell: a missing table does not mean that nobody listens.
 */
export async function listeningSockets(
  pid: number | 'self',
  inodes: ReadonlySet<string>,
  except: ReadonlySet<number>,
): Promise<TcpRow[]> {
  const rows = tcpTables(pid).flatMap((name) => listenRows(`/proc/${pid}/net/${name}`));
  return rows.filter((row) => inodes.has(row.inode) && !except.has(row.localPort));
}

/**
 * The listening sockets of a table. The kernel lists them before all others (tcp_seq_start in net/ipv4/tcp_ipv4.c), so
 * reading ends there. A host may have tens of thousands of connections, and callers ask while nobody serves.
 */
function listenRows(path: string): TcpRow[] {
  let text = '';
  let rows: TcpRow[] = [];
  let file: number;
  try {
    file = openSync(path, 'r');
  } catch (error) {
    // The process has ended meanwhile, or the kernel has no IPv6.
    return nullIfMissing(error) ?? [];
  }
  try {
    const bytes = Buffer.allocUnsafe(4096);
    for (;;) {
      const length = readSync(file, bytes, 0, bytes.length, null);
      text += bytes.toString('latin1', 0, length);
      rows = parseTcpTable(text.slice(0, text.lastIndexOf('\n') + 1));
      if (length === 0 || rows.some((row) => row.state !== LISTEN)) break;
    }
  } finally {
    closeSync(file);
  }
  return rows.filter((row) => row.state === LISTEN);
}

/** Accepted connections among some rows: established ones and those whose client has closed, on one of the ports. */
export function acceptedConnections(rows: readonly TcpRow[], ports: ReadonlySet<number>): TcpRow[] {
  return rows.filter((row) => (row.state === ESTABLISHED || row.state === CLOSE_WAIT) && ports.has(row.localPort));
}

/** Whether the client of a connection still holds it open. */
export function isEstablished(row: TcpRow): boolean {
  return row.state === ESTABLISHED;
}

/** Whether the local end of some socket of the table already listens on a port (any address). */
export function listenersOnPort(rows: readonly TcpRow[], port: number): TcpRow[] {
  return rows.filter((row) => row.state === LISTEN && row.localPort === port);
}
