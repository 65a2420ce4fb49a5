/** The two joined network namespaces of the tour. */
import { readlinkSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { runTool } from '../../platform/exec.ts';
import { type OwnedChild, startOwned } from './children.ts';

/** Addresses inside the tour's namespaces; they exist nowhere else. */
export const TOUR_ADDRESSES = {
  app4: '10.77.0.1',
  upstream4: '10.77.0.2',
  app6: 'fd77::1',
  upstream6: 'fd77::2',
} as const;

const TOOL_TIMEOUT_MS = 10_000;

/** Two joined network namespaces. They have no names: each lives as long as the process that holds it. */
export interface TourNamespaces {
  /** Process whose network namespace is the application's host. */
  readonly app: OwnedChild;
  /** The same for the upstream. */
  readonly upstream: OwnedChild;
  end(): Promise<void>;
}

/**
 * Makes both namespaces, joins them by a veth pair, and gives the application's a default route into the other. Tests
 * replace the tools and `isApart`, which says whether a process is in another network namespace than this one.
 */
export async function makeTourNamespaces(run = runTool, isApart = isInAnotherNetwork): Promise<TourNamespaces> {
  const app = startOwned(['unshare', '--net', '--', 'sleep', '600'], { stdio: 'ignore' });
  const upstream = startOwned(['unshare', '--net', '--', 'sleep', '600'], { stdio: 'ignore' });
  const namespaces: TourNamespaces = {
    app,
    upstream,
    end: async () => {
      await Promise.all([app.end(), upstream.end()]);
    },
  };
  try {
    await Promise.all([unshared(app.pid, isApart), unshared(upstream.pid, isApart)]);
    await join(run, app.pid, upstream.pid);
  } catch (error) {
    await namespaces.end();
    throw error;
  }
  return namespaces;
}

/** setpriv and unshare replace themselves step by step; the namespace is there when it is no longer ours. */
async function unshared(pid: number, isApart: (pid: number) => boolean): Promise<void> {
  for (let attempt = 0; attempt < 500; attempt += 1) {
    try {
      if (isApart(pid)) return;
    } catch {
      throw new Error('a network namespace could not be made');
    }
    await sleep(10);
  }
  throw new Error('a network namespace could not be made in 5 s');
}

function isInAnotherNetwork(pid: number): boolean {
  return readlinkSync(`/proc/${pid}/ns/net`) !== readlinkSync('/proc/self/ns/net');
}

async function join(run: typeof runTool, app: number, upstream: number): Promise<void> {
  const { app4, app6, upstream4, upstream6 } = TOUR_ADDRESSES;
  const inside = (pid: number, ...argv: string[]): Promise<unknown> =>
    run(['nsenter', `--net=/proc/${pid}/ns/net`, '--', ...argv], { timeoutMs: TOOL_TIMEOUT_MS });
  await inside(app, 'ip', 'link', 'add', 'eth0', 'type', 'veth', 'peer', 'name', 'eth0', 'netns', String(upstream));
  for (const [pid, four, six] of [
    [app, app4, app6],
    [upstream, upstream4, upstream6],
  ] as const) {
    await inside(pid, 'ip', 'link', 'set', 'lo', 'up');
    await inside(pid, 'ip', 'link', 'set', 'eth0', 'up');
    await inside(pid, 'ip', 'addr', 'add', `${four}/24`, 'dev', 'eth0');
    await inside(pid, 'ip', 'addr', 'add', `${six}/64`, 'dev', 'eth0', 'nodad');
  }
  await inside(app, 'ip', 'route', 'add', 'default', 'via', upstream4);
  await inside(app, 'ip', '-6', 'route', 'add', 'default', 'via', upstream6);
}
