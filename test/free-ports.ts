/** Ports on loopback for servers of tests that open, close and open again. */
import { createServer } from 'node:net';

/** The runner gives each process that runs beside others ports of its own. */
const [FIRST = 0, LAST = 0] = (process.env.WEIR_TEST_PORTS ?? '21000-29999').split('-').map(Number);

/** What asks for a server after it is gone must not reach another one. */
const given = new Set<number>();

/**
 * So many free ports below those that the kernel gives to clients (32768 and up): while a server is away, no client of
 * another test can sit in its place, and no connection can be made with itself. None is given twice.
 */
export async function freePorts(count: number): Promise<number[]> {
  const ports: number[] = [];
  while (ports.length < count) {
    const port = FIRST + Math.floor(Math.random() * (LAST - FIRST + 1));
    if (given.has(port) || !(await isFree(port))) continue;
    given.add(port);
    ports.push(port);
  }
  return ports;
}

async function isFree(port: number): Promise<boolean> {
  const server = createServer();
  const { promise, resolve } = Promise.withResolvers<boolean>();
  server.once('error', () => resolve(false));
  server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)));
  return await promise;
}
