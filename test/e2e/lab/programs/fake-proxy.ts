// A sidecar's double: takes redirected connections, asks conntrack where they were going, and goes there.
import type { Socket } from 'node:net';
import { announce, onCommands, programOptions } from './program.ts';

const { execFile } = process.getBuiltinModule('node:child_process');
const { createServer: createHttpServer } = process.getBuiltinModule('node:http');
const { connect, createServer } = process.getBuiltinModule('node:net');
const { promisify } = process.getBuiltinModule('node:util');

interface Listener {
  readonly address: string;
  readonly port: number;
  /** Where connections to the application leave from; null outbound. */
  readonly from: string | null;
}

const { listeners, admin, ready, uid } = programOptions<{
  listeners: readonly Listener[];
  admin: string | number;
  ready: boolean;
  uid: number;
}>();
const counts = { accepted: 0, open: 0, lost: 0, destinations: {} as Record<string, number> };
let isReady = ready;
const run = promisify(execFile);

createHttpServer((request, response) => {
  const isUp = request.url !== '/ready' || isReady;
  response.writeHead(isUp ? 200 : 503).end(isUp ? 'LIVE\n' : 'PRE_INITIALIZING\n');
}).listen(admin);

// Only the effective ids change: conntrack has to be asked as root, sockets have to be the sidecar's.
process.setegid?.(uid);
process.seteuid?.(uid);
for (const { address, port, from } of listeners) {
  createServer({ allowHalfOpen: true, noDelay: true }, (socket) => accept(socket, port, from)).listen({
    host: address,
    port,
    ipv6Only: address.includes(':'),
    backlog: 1024,
  });
}
setTimeout(() => announce('READY'), 50);
onCommands({
  ready: (argument) => {
    isReady = argument === 'on';
  },
  report: () => announce('REPORT', counts),
});

async function accept(socket: Socket, port: number, from: string | null): Promise<void> {
  counts.accepted += 1;
  counts.open += 1;
  socket.pause().on('close', () => {
    counts.open -= 1;
  });
  socket.on('error', () => {});
  const destination = await originalDestination(socket, port).catch(() => null);
  if (destination === null) {
    counts.lost += 1;
    socket.resetAndDestroy();
    return;
  }
  const name = `${destination.host}|${destination.port}`;
  counts.destinations[name] = (counts.destinations[name] ?? 0) + 1;
  const upstream = connect({
    ...destination,
    allowHalfOpen: true,
    noDelay: true,
    ...(from === null ? {} : { localAddress: from }),
  });
  const reset = () => {
    socket.resetAndDestroy();
    upstream.resetAndDestroy();
  };
  socket.on('error', reset).on('close', () => upstream.destroy());
  upstream.on('error', reset).on('close', () => socket.destroy());
  socket.pipe(upstream).pipe(socket);
}

// Node has no getsockopt: SO_ORIGINAL_DST is read from where the kernel keeps it.
async function originalDestination(socket: Socket, port: number): Promise<{ host: string; port: number } | null> {
  const source = socket.remoteAddress?.replace(/^::ffff:/, '') ?? '';
  const args = ['-L', '-p', 'tcp', '-f', source.includes(':') ? 'ipv6' : 'ipv4'];
  const filter = ['--orig-src', source, '--orig-port-src', String(socket.remotePort)];
  process.seteuid?.(0);
  const listing = run('conntrack', [...args, ...filter], { timeout: 3000 });
  process.seteuid?.(uid);
  for (const line of (await listing).stdout.split('\n')) {
    const found = /src=\S+ dst=(\S+) sport=\d+ dport=(\d+) .*?src=\S+ dst=\S+ sport=(\d+)/.exec(line);
    if (found?.[1] && Number(found[3]) === port && Number(found[2]) !== port) {
      return { host: found[1], port: Number(found[2]) };
    }
  }
  return null;
}
