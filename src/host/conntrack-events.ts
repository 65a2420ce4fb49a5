import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import type { TrackedFlow } from '../usecases/ports.ts';
import { parseConntrackFlows } from './conntrack-output.ts';

/** After this a listener ends by itself; a probe takes a tenth of it. */
const MAX_SECONDS = 10;

/** New connections, as conntrack hears of them. */
export interface ConntrackEvents {
  /** What was heard so far. */
  flows(): readonly TrackedFlow[];
  stop(): void;
}

/**
 * Listens to new connections to one address and port. A connection that is refused at once leaves no entry behind
 * (nf_conntrack_proto_tcp.c: a RST that answers a SYN destroys it), so only who listens learns that it was redirected.
 * The program subscribes a few milliseconds after its start.
 */
export function listenToConntrack(address: string, port: number): ConntrackEvents {
  const family = address.includes(':') ? 'ipv6' : 'ipv4';
  const filter = ['-p', 'tcp', '-f', family, '--orig-dst', address, '--orig-port-dst', String(port)];
  // `timeout` ends it should weir be killed; SIGTERM is passed on by it.
  const child = spawn('timeout', [String(MAX_SECONDS), 'conntrack', '-E', '-e', 'NEW', ...filter], {
    stdio: ['ignore', 'pipe', 'ignore'],
    env: { PATH: `${process.env.PATH ?? ''}:/usr/sbin:/sbin`, LC_ALL: 'C' },
    detached: true,
  });
  const flows: TrackedFlow[] = [];
  // Without the program, or the right to listen, nothing is heard.
  child.on('error', () => {});
  createInterface({ input: child.stdout }).on('line', (line) => flows.push(...parseConntrackFlows(line)));
  return { flows: () => flows, stop: () => child.kill('SIGTERM') };
}
