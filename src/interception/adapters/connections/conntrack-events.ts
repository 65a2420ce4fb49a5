/** A listener for the events of new connections, by `conntrack -E`. */
import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import type { TcpEndpoint, TrackedFlow } from '../../ports.ts';
import { parseConntrackFlows } from './conntrack-output.ts';
import { conntrackNarrowing } from './run-conntrack.ts';

/** After this a listener ends by itself; a thousand probes take a third of it. */
const MAX_SECONDS = 30;

/** Room for the events of a thousand connections that come at once, in bytes. */
const BUFFER_BYTES = 4_194_304;

/** A running listener for new connections. */
export interface ConntrackEvents {
  /** The connections heard so far. */
  flows(): readonly TrackedFlow[];
  stop(): void;
}

/**
 * Listens to new connections to these places, which are of one family. A connection that is refused at once leaves no
 * entry behind (nf_conntrack_proto_tcp.c: a RST that answers a SYN destroys it). Only a listener learns that it was
 * redirected. The program subscribes a few milliseconds after its start.
 */
export function listenToConntrack(places: readonly TcpEndpoint[]): ConntrackEvents {
  const filter = ['-b', String(BUFFER_BYTES), ...conntrackNarrowing(places)];
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
