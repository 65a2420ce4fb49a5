/** The parser of `ss` listings. */
import type { TcpEndpoint, TcpSocket } from '../../ports.ts';

/**
 * The sockets in the output of `ss -H -t -n -a -e -p --cgroup` (iproute2 5.8 or newer; older ones have no cgroup).
 * Addresses come out canonical: without brackets and without a zone (`%eth0`), IPv4-mapped ones as IPv4, the dual-stack
 * wildcard `*` as `::`; the port `*` is 0. ss prints no uid for root, so that is 0.
 */
export function parseSocketListing(output: string): TcpSocket[] {
  // ss continues a socket on an indented line when it shows its options.
  return output
    .replaceAll(/\n\t/g, '\t')
    .split('\n')
    .flatMap((line) => {
      const socket = parseSocket(line);
      return socket === null ? [] : [socket];
    });
}

function parseSocket(line: string): TcpSocket | null {
  const [state, receiveQueue, , localText, peerText] = line.split(/\s+/, 5);
  // Headings and remarks of other versions have no queue length in the second column.
  if (state === undefined || localText === undefined || !/^\d+$/.test(receiveQueue ?? '')) return null;
  const local = parseEndpoint(localText);
  const peer = parseEndpoint(peerText ?? '*:*');
  if (local === null || peer === null) return null;
  const processes = parseProcesses(line);
  // A process may be called `uid:0`: fields are looked for outside of the list of processes.
  const fields = line.slice(processes.end);
  return {
    state,
    local: local.endpoint,
    peer: peer.endpoint,
    uid: Number(/\suid:(\d+)/.exec(fields)?.[1] ?? 0),
    cgroup: parseCgroup(fields),
    processes: processes.list,
    // A wildcard socket that takes one family only is printed as 0.0.0.0 or [::].
    dualStack: local.isAnyFamily,
    transparent: parseTransparent(fields),
    device: local.device,
  };
}

function parseEndpoint(text: string): { endpoint: TcpEndpoint; isAnyFamily: boolean; device: string | null } | null {
  const found = /^(?:\[([^\]]*)\]|([^[\]]*?))(?:%([^:]*))?:(\d+|\*)$/.exec(text);
  if (!found) return null;
  const [raw = '', zone = null] = (found[1] ?? found[2] ?? '').split('%');
  const isAnyFamily = raw === '*';
  const address = isAnyFamily ? '::' : raw.replace(/^::ffff:(?=\d+\.\d+\.\d+\.\d+$)/i, '');
  const device = found[3] ?? zone;
  return { endpoint: { address, port: found[4] === '*' ? 0 : Number(found[4]) }, isAnyFamily, device };
}

// `users:(("sshd",pid=1,fd=3),("sshd",pid=2,fd=3))`. ss does not escape: a name may hold quotes, brackets and spaces.
function parseProcesses(line: string): { list: TcpSocket['processes']; end: number } {
  const start = line.indexOf(' users:((');
  if (start === -1) return { list: [], end: 0 };
  const list: { name: string; pid: number }[] = [];
  const entry = /\("(.*?)",pid=(\d+),(?:proc_ctx=[^,]*,)?fd=\d+(?:,sock_ctx=[^)]*)?\)([,)])/y;
  entry.lastIndex = start + ' users:('.length;
  for (let found = entry.exec(line); found; found = entry.exec(line)) {
    const pid = Number(found[2]);
    if (!list.some((process) => process.pid === pid)) list.push({ name: found[1] ?? '', pid });
    const end = entry.lastIndex;
    if (found[3] === ')') return { list, end };
  }
  return { list, end: start };
}

// `inet-sockopt: ( is_icsk transparent mc_loop)`, which iproute2 prints on a line of its own or behind.
function parseTransparent(fields: string): boolean | null {
  const options = /\sinet-sockopt: \(([^)]*)\)/.exec(fields)?.[1];
  return options === undefined ? null : options.split(/\s+/).includes('transparent');
}

// A path may hold spaces; what follows it is `v6only:`, `<->` or the end of the line.
function parseCgroup(fields: string): string | null {
  const path = /\scgroup:(\/.*?)(?=\s+(?:v6only:|<->|--|->|<-|inet-sockopt:|$)|$)/.exec(fields)?.[1];
  return path === undefined ? null : path.slice(1);
}
