// A program of its own: while it acts as an account, nothing else of weir may run under that account's ids.

import { writeFileSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { performance } from 'node:perf_hooks';
import { createInterface } from 'node:readline';
import { messageOf } from '../errors/message-of.ts';
import {
  NO_ANSWER,
  type ProbeEvent,
  type ProbeOrders,
  type ProbeRelease,
  type ProbeTarget,
} from '../interception/adapters/probe/probe-protocol.ts';
import { actAs, actIfAllowed } from '../platform/act-as.ts';

/** Errors before the first packet: no route, no source address, or a rule of the output hook that drops. */
const NOT_SENT = new Set(['ENETUNREACH', 'EHOSTUNREACH', 'EADDRNOTAVAIL', 'EACCES', 'EPERM', 'EINVAL', 'EAFNOSUPPORT']);

/** The number of connections begun before those under way get their turn; each start takes up to half a millisecond. */
const STARTS_A_TURN = 8;

const open = new Map<number, Socket>();
let onRoom: (() => void) | null = null;

const lines = createInterface({ input: process.stdin });
lines.on('line', (line) => {
  const told = JSON.parse(line) as ProbeOrders | ProbeRelease;
  if ('targets' in told) begin(told);
  else for (const id of told.release) open.get(id)?.destroy(new Error('released'));
});
lines.on('close', () => process.exit(0));

function report(event: ProbeEvent): void {
  process.stdout.write(`${JSON.stringify(event)}\n`);
}

function begin({ cgroup, targets, timeoutMs, atOnce }: ProbeOrders): void {
  try {
    if (cgroup !== null) actIfAllowed(`move into ${cgroup}`, () => writeFileSync(`${cgroup}/cgroup.procs`, '0'));
  } catch (error) {
    for (const { id } of targets) reportImpossible(id, error);
    return;
  }
  const queue = [...targets].reverse();
  const startSome = (): void => {
    for (let started = 0; started < STARTS_A_TURN && open.size < atOnce; started += 1) {
      const target = queue.pop();
      if (target === undefined) return;
      tryNext(target, timeoutMs, 0, []);
    }
    // At the limit of open connections the child waits; each connection ends by itself or by `release`.
    if (open.size < atOnce) setImmediate(startSome);
    else onRoom = startSome;
  };
  startSome();
}

function reportImpossible(id: number, error: unknown): void {
  report({ event: 'impossible', id, why: messageOf(error) });
}

function tryNext(target: ProbeTarget, timeoutMs: number, index: number, earlier: readonly string[]): void {
  const { id, port } = target;
  const host = target.addresses[index];
  if (host === undefined) {
    const why = earlier.length > 0 ? `no way to ${earlier.join(', ')}` : 'there is no address that could be tried';
    report({ event: 'failed', id, why, ms: 0 });
    return;
  }
  const started = performance.now();
  const ms = () => Math.round((performance.now() - started) * 100) / 100;
  let socket: Socket;
  try {
    socket = actAs(target, () => connectNow(host, port));
  } catch (error) {
    reportImpossible(id, error);
    return;
  }
  open.set(id, socket);
  const { localAddress: address, localPort } = socket;
  const isSent = address !== undefined && Boolean(localPort);
  if (isSent) {
    report({ event: 'sent', id, source: { address, port: localPort ?? 0 }, destination: { address: host, port } });
  }
  // A process that was stopped or got no processor reads first what came meanwhile: timers come before it.
  const timer = setTimeout(() => setImmediate(() => socket.destroy(new Error(NO_ANSWER))), timeoutMs);
  socket.on('connect', () => {
    const answeredAfter = ms();
    // A reset leaves nothing behind, neither TIME-WAIT here nor a half-closed connection in the sidecar. Before the report:
    // who reads that may take the link away, and the reset would go nowhere.
    socket.resetAndDestroy();
    report({ event: 'accepted', id, ms: answeredAfter });
  });
  socket.on('error', (error: NodeJS.ErrnoException) => {
    const why = error.code ?? error.message;
    open.delete(id);
    if (!isSent && NOT_SENT.has(why)) tryNext(target, timeoutMs, index + 1, [...earlier, `${host} (${why})`]);
    else report({ event: 'failed', id, why, ms: ms() });
  });
  socket.on('close', () => {
    clearTimeout(timer);
    if (open.get(id) === socket) open.delete(id);
    const goOn = onRoom;
    onRoom = null;
    goOn?.();
  });
}

/**
 * Calls socket() and connect() before it returns. For an address, node:net puts them off to a later tick, when the
 * process has its own account again. For a name it goes on as soon as the look-up answers, which is here at once.
 */
function connectNow(address: string, port: number): Socket {
  return connect({
    host: 'probe',
    port,
    noDelay: true,
    autoSelectFamily: false,
    lookup: (_name, _options, done) => done(null, address, address.includes(':') ? 6 : 4),
  });
}
