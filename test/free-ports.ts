/** Ports on loopback for servers of tests that open, close and open again. */
import { createServer } from 'node:net';

/**
 * So many free ports below those that the kernel gives to clients (32768 and up): while a server is away, no client of
 * another test can sit in its place, and no connection can be made with itself.
 */
export async function freePorts(count: number): Promise<number[]> {
  const ports = new Set<number>();
  while (ports.size < count) {
    const port = 21_000 + Math.floor(Math.random() * 9_000);
    if (await isFree(port)) ports.add(port);
  }
  return [...ports];
}

async function isFree(port: number): Promise<boolean> {
  const server = createServer();
  const { promise, resolve } = Promise.withResolvers<boolean>();
  server.once('error', () => resolve(false));
  server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)));
  return await promise;
}
