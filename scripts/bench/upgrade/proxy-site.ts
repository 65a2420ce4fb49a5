import { type ChildProcess, spawn } from 'node:child_process';
import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { JournallingUpstream } from '../../../test/e2e/sidecar/open-loop.ts';

const PATIENCE_MS = 30_000;

/** A port, an upstream and a folder for a proxy that weir does not run; ends what was started in it. */
export class ProxySite {
  readonly folder: string;
  readonly port: number;
  readonly upstream: JournallingUpstream;
  readonly #children = new Set<ChildProcess>();

  private constructor(folder: string, port: number, upstream: JournallingUpstream) {
    this.folder = folder;
    this.port = port;
    this.upstream = upstream;
  }

  static async open(): Promise<ProxySite> {
    const folder = await mkdtemp(join(tmpdir(), 'weir-bench-'));
    // nginx and haproxy keep their files here under accounts of their own.
    await chmod(folder, 0o777);
    return new ProxySite(folder, await freePort(), await JournallingUpstream.start());
  }

  /** Starts a program that is killed at the end unless it has ended. */
  start(argv: readonly string[]): ChildProcess {
    const [program = '', ...args] = argv;
    const child = spawn(program, args, { stdio: 'ignore' });
    child.on('error', () => {});
    this.#children.add(child);
    return child;
  }

  /** Waits until the port takes connections. */
  async untilAccepting(): Promise<void> {
    await until(`a listener on ${this.port}`, () => accepts(this.port), 5);
  }

  async close(): Promise<void> {
    for (const child of this.#children) if (!hasEnded(child)) child.kill('SIGKILL');
    this.upstream.close();
    await sleep(100);
    await rm(this.folder, { recursive: true, force: true });
  }
}

/** Whether a child is gone. */
export function hasEnded(child: ChildProcess): boolean {
  return child.exitCode !== null || child.signalCode !== null;
}

/** Asks again and again until it is so. Throws after half a minute. */
export async function until(what: string, test: () => boolean | Promise<boolean>, everyMs = 20): Promise<void> {
  const deadline = performance.now() + PATIENCE_MS;
  while (!(await test())) {
    if (performance.now() > deadline) throw new Error(`gave up waiting for ${what}`);
    await sleep(everyMs);
  }
}

function accepts(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    socket.on('connect', () => socket.end(() => resolve(true)));
    socket.on('error', () => resolve(false));
  });
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as { port: number };
  await new Promise((resolve) => server.close(resolve));
  return port;
}
