/** The child process that sends probes under other accounts. */
import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { programArgv } from '../../../platform/process/programs.ts';
import type { ProbeEvent, ProbeOrders, ProbeRelease } from './probe-protocol.ts';

/** A probe child at work. */
export interface ProbeProcess {
  /** Gives it its orders; each event is told as it happens. */
  begin(orders: ProbeOrders, onEvent: (event: ProbeEvent) => void): void;
  /** Rejects when the child could not be started, or ended although nobody had stopped it. */
  readonly ended: Promise<void>;
  /** Lets it give up connections that are decided, so that others get their turn. */
  release(ids: readonly number[]): void;
  /** Lets it end; its connections are gone then. */
  stop(): void;
}

/**
 * Starts a child that sends probes in the place of accounts, under the Node that runs this process. It waits for its
 * orders. runTool does not fit: the child gets orders and reports while it runs.
 */
export function startProbeProcess(): ProbeProcess {
  // An id that changes is changed in every thread of the process: the fewer there are, the cheaper each probe.
  const [file, ...args] = programArgv('probeChild', ['--v8-pool-size=0']);
  const child = spawn(file, args, {
    stdio: ['pipe', 'pipe', 'pipe'],
    // The probe inherits nothing of this environment: no NODE_OPTIONS, none of the operator's secrets.
    env: { LC_ALL: 'C', NODE_NO_WARNINGS: '1' },
    cwd: '/',
    detached: true,
  });
  let isStopped = false;
  let complaint = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    complaint = (complaint + text).slice(-2000);
  });
  let take: (event: ProbeEvent) => void = () => {};
  createInterface({ input: child.stdout }).on('line', (line) => take(JSON.parse(line) as ProbeEvent));
  child.stdin.on('error', () => {});
  const tell = (what: ProbeOrders | ProbeRelease) => child.stdin.write(`${JSON.stringify(what)}\n`);
  const ended = new Promise<void>((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code, signal) => {
      if (isStopped) resolve();
      else reject(new Error(`the probe ended with ${signal ?? code}: ${complaint.trim() || 'it wrote nothing'}`));
    });
  });
  // Who begins with it hears of its end; one that is never used ends unheard.
  ended.catch(() => undefined);
  return {
    begin(orders, onEvent) {
      take = onEvent;
      tell(orders);
    },
    ended,
    release(ids) {
      if (!isStopped) tell({ release: ids });
    },
    stop() {
      isStopped = true;
      child.stdin.end();
      // It ends with its stdin; should it be stuck, it must not outlive the command.
      setTimeout(() => child.kill('SIGKILL'), 2000).unref();
    },
  };
}
