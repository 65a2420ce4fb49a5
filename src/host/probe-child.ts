// A program of its own: the probe has to be the application's account, and an account once taken cannot be given back.
import { writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { performance } from 'node:perf_hooks';
import { createInterface } from 'node:readline';
import type { ProbeEvent, ProbeOrders, ProbeTarget } from './probe-protocol.ts';

/** Errors before the first packet: no route, no source address, or a rule of the output hook that drops. */
const NOT_SENT = new Set(['ENETUNREACH', 'EHOSTUNREACH', 'EADDRNOTAVAIL', 'EACCES', 'EPERM', 'EINVAL', 'EAFNOSUPPORT']);

const lines = createInterface({ input: process.stdin });
lines.once('line', (line) => {
  const orders = JSON.parse(line) as ProbeOrders;
  try {
    takePlaceOf(orders);
  } catch (error) {
    report({ event: 'impossible', why: error instanceof Error ? error.message : String(error) });
    return;
  }
  for (const target of orders.targets) tryNext(target, orders.timeoutMs, 0, []);
});
lines.on('close', () => process.exit(0));

function report(event: ProbeEvent): void {
  process.stdout.write(`${JSON.stringify(event)}\n`);
}

// In this order: moving takes root, and each id that is given up takes the right to give up the next one.
function takePlaceOf({ cgroup, uid, gid }: ProbeOrders): void {
  if (cgroup !== null) attempt(`move into ${cgroup}`, () => writeFileSync(`${cgroup}/cgroup.procs`, '0'));
  const hasGroup = gid === null || gid === process.getegid?.();
  const hasUser = uid === process.geteuid?.();
  if (hasGroup && hasUser) return;
  attempt('drop the supplementary groups', () => process.setgroups?.([]));
  if (!hasGroup) attempt(`act as group ${gid}`, () => process.setgid?.(gid));
  if (!hasUser) attempt(`act as user ${uid}`, () => process.setuid?.(uid));
}

function attempt(what: string, act: () => void): void {
  try {
    act();
  } catch (error) {
    throw new Error(`not allowed to ${what}: ${(error as NodeJS.ErrnoException).code ?? error}`);
  }
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
  const socket = connect({ host, port, noDelay: true });
  let isSent = false;
  const sent = () => {
    const { localAddress: address, localPort } = socket;
    if (isSent || address === undefined || !localPort) return;
    isSent = true;
    report({ event: 'sent', id, source: { address, port: localPort }, destination: { address: host, port } });
  };
  const timer = setTimeout(() => socket.destroy(new Error('no answer in time')), timeoutMs);
  // Right after the system call, which this event comes before: a refusal by loopback is there at the next turn.
  socket.on('connectionAttempt', () => process.nextTick(sent));
  socket.on('connect', () => {
    sent();
    clearTimeout(timer);
    report({ event: 'accepted', id, ms: ms() });
    // A reset leaves nothing behind, neither TIME-WAIT here nor a half-closed connection in the sidecar.
    socket.resetAndDestroy();
  });
  socket.on('error', (error: NodeJS.ErrnoException) => {
    clearTimeout(timer);
    const why = error.code ?? error.message;
    if (!isSent && NOT_SENT.has(why)) return tryNext(target, timeoutMs, index + 1, [...earlier, `${host} (${why})`]);
    report({ event: 'failed', id, why, ms: ms() });
  });
}
