/** Unix sockets whose connections go on to TCP servers, for a process in a network namespace without a way out. */
import { chmod } from 'node:fs/promises';
import { connect, createServer, type Socket } from 'node:net';
import type { RehearsalForward } from '../envoy/rehearsal-bootstrap.ts';

/** Listens on every socket, which any account may use, until the returned function is called. */
export async function forwardBytes(forwards: readonly RehearsalForward[]): Promise<() => void> {
  const open = new Set<Socket>();
  const keep = (socket: Socket) => {
    open.add(socket);
    socket.on('close', () => open.delete(socket));
  };
  const servers = await Promise.all(
    forwards.map(async ({ socket: path, host, port }) => {
      const server = createServer({ allowHalfOpen: true }, (inside) => {
        const outside = connect({ host, port, allowHalfOpen: true });
        for (const [one, other] of [
          [inside, outside],
          [outside, inside],
        ] as const) {
          keep(one);
          one.pipe(other);
          // A broken side breaks the other one; what it says of the error, it says to the sidecar.
          one.on('error', () => other.destroy());
          one.on('close', () => other.destroySoon());
        }
      });
      await new Promise<void>((resolve, reject) => server.once('error', reject).listen(path, resolve));
      await chmod(path, 0o666);
      return server;
    }),
  );
  return () => {
    for (const server of servers) server.close();
    for (const socket of open) socket.destroy();
  };
}
