import { readFile } from 'node:fs/promises';
/** One TCP socket of a network namespace, as /proc/PID/net/tcp and tcp6 list it. */
export interface TcpRow {
  /** Canonical enough to compare: `127.0.0.1:15001`, `[::1]:15001`. */
  readonly local: string;
  readonly localPort: number;
  /** The kernel's state number: 1 established, 8 close-wait, 10 listen. */
  readonly state: number;
  readonly inode: string;
}

const ESTABLISHED = 1;
const CLOSE_WAIT = 8;
const LISTEN = 10;

/** Every TCP socket of the network namespace of a process; empty when the process is gone. */
export async function readTcpTable(pid: number | 'self'): Promise<TcpRow[]> {
  const [v4, v6] = await Promise.all(
    ['tcp', 'tcp6'].map((name) => readFile(`/proc/${pid}/net/${name}`, 'latin1').catch(() => '')),
  );
  return [...parseTcpTable(v4 ?? ''), ...parseTcpTable(v6 ?? '')];
}

/** Parses the text of /proc/net/tcp or tcp6 (columns: kernel's Documentation/networking/proc_net_tcp.rst). */
export function parseTcpTable(text: string): TcpRow[] {
  const rows: TcpRow[] = [];
  for (const line of text.split('\n').slice(1)) {
    const fields = line.trim().split(/\s+/);
    const [address = '', portHex = ''] = (fields[1] ?? '').split(':');
    const inode = fields[9];
    if (inode === undefined || portHex === '') continue;
    const localPort = Number.parseInt(portHex, 16);
    rows.push({
      local: `${hostOf(address)}:${localPort}`,
      localPort,
      state: Number.parseInt(fields[3] ?? '', 16),
      inode,
    });
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

/** Those of a process's sockets on which it accepts connections; ports in `except` (the admin's) are left out. */
export async function listeningSockets(
  pid: number | 'self',
  inodes: ReadonlySet<string>,
  except: ReadonlySet<number>,
): Promise<TcpRow[]> {
  const rows = await readTcpTable(pid);
  return rows.filter((row) => row.state === LISTEN && inodes.has(row.inode) && !except.has(row.localPort));
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
