import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import type { ProbeEvent, ProbeOrders, ProbeRelease } from './probe-protocol.ts';

/** A probe child at work. */
export interface ProbeProcess {
  /** Rejects when the child could not be started, or ended although nobody had stopped it. */
  readonly ended: Promise<void>;
  /** Lets it give up connections that are decided, so that others get their turn. */
  release(ids: readonly number[]): void;
  /** Lets it end; its connections are gone then. */
  stop(): void;
}

/**
 * Starts a child that sends probes in the place of accounts, under the Node that runs this process. The caller gets
 * each event as it happens. Not by runTool: the child is listened to while it runs, and told when it may end.
 */
export function startProbeProcess(orders: ProbeOrders, onEvent: (event: ProbeEvent) => void): ProbeProcess {
  // An id that changes is changed in every thread of the process: the fewer there are, the cheaper each probe.
  const child = spawn(process.execPath, ['--v8-pool-size=0', probeProgram()], {
    stdio: ['pipe', 'pipe', 'pipe'],
    // Nothing of this environment is the probe's: not NODE_OPTIONS, not the operator's secrets.
    env: { LC_ALL: 'C', NODE_NO_WARNINGS: '1' },
    cwd: '/',
    detached: true,
  });
  let isStopped = false;
  let complaint = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    complaint = (complaint + text).slice(-2000);
  });
  createInterface({ input: child.stdout }).on('line', (line) => onEvent(JSON.parse(line) as ProbeEvent));
  child.stdin.on('error', () => {});
  const tell = (what: ProbeOrders | ProbeRelease) => child.stdin.write(`${JSON.stringify(what)}\n`);
  tell(orders);
  const ended = new Promise<void>((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code, signal) => {
      if (isStopped) resolve();
      else reject(new Error(`the probe ended with ${signal ?? code}: ${complaint.trim() || 'it wrote nothing'}`));
    });
  });
  return {
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

// Beside this file when src/ runs directly; bundled, this code is in a chunk and the program is an entry of its own.
function probeProgram(): string {
  const places = import.meta.url.endsWith('.ts')
    ? ['./probe-child.ts']
    : ['./probe-child.js', '../host/probe-child.js', '../../host/probe-child.js'];
  const files = places.map((place) => fileURLToPath(new URL(place, import.meta.url)));
  return files.find((file) => existsSync(file)) ?? (files[0] as string);
}
