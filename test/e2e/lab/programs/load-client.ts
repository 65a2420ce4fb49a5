// Sends requests at a fixed rate, whether or not earlier ones were answered (open loop), and counts what became of each.
import { announce, becomeLabUser, onCommands, programOptions } from './program.ts';
import { routeOf } from './route-of.ts';

const { Agent, request } = process.getBuiltinModule('node:http');
const { performance } = process.getBuiltinModule('node:perf_hooks');

/** More than this at once would only measure this program. */
const MAX_IN_FLIGHT = 400;

const {
  host,
  port,
  path = '/',
  ratePerSecond,
  seconds,
  keepAlive = false,
  timeoutMs = 5000,
} = programOptions<{
  host: string;
  port: number;
  path?: string;
  ratePerSecond: number;
  seconds: number;
  keepAlive?: boolean;
  timeoutMs?: number;
}>();
const agent = keepAlive ? new Agent({ keepAlive: true, maxSockets: 50 }) : false;
const counts = { sent: 0, answered: 0, direct: 0, proxy: 0, withheld: 0, failed: {} as Record<string, number> };
const latencies: number[] = [];
/** When the last one that went through a proxy was sent, and when the direct ones were; ms since 1970. */
let lastProxyAt = 0;
const directAt: number[] = [];
let inFlight = 0;

function send(): void {
  if (inFlight >= MAX_IN_FLIGHT) {
    counts.withheld += 1;
    return;
  }
  const id = counts.sent;
  counts.sent += 1;
  inFlight += 1;
  const started = performance.now();
  const sentAt = Date.now();
  let isDone = false;
  const finish = (failure: string | null) => {
    if (isDone) return;
    isDone = true;
    inFlight -= 1;
    if (failure === null) counts.answered += 1;
    else counts.failed[failure] = (counts.failed[failure] ?? 0) + 1;
  };
  const outgoing = request({ host, port, path, agent, headers: { 'x-request-number': id } }, (response) => {
    let body = '';
    // Read now: a socket that was closed has forgotten its address.
    const { localAddress, localPort } = outgoing.socket ?? {};
    response.setEncoding('utf8').on('data', (text: string) => {
      body += text;
    });
    response.on('error', (error: NodeJS.ErrnoException) => finish(error.code ?? 'error'));
    response.on('end', () => {
      if (response.statusCode !== 200) return finish(`HTTP ${response.statusCode}`);
      const answer = JSON.parse(body) as { id: string; peer: { address: string; port: number } };
      if (answer.id !== String(id)) return finish('wrong answer');
      const route = routeOf({ localAddress, localPort }, answer.peer);
      counts[route] += 1;
      if (route === 'direct') directAt.push(sentAt);
      else lastProxyAt = Math.max(lastProxyAt, sentAt);
      latencies.push(performance.now() - started);
      finish(null);
    });
  });
  outgoing.setTimeout(timeoutMs, () => outgoing.destroy(Object.assign(new Error('timeout'), { code: 'TIMEOUT' })));
  outgoing.on('error', (error: NodeJS.ErrnoException) => finish(error.code ?? 'error'));
  outgoing.end();
}

function report(): unknown {
  const sorted = latencies.toSorted((a, b) => a - b);
  const at = (share: number) => Math.round((sorted[Math.floor(share * (sorted.length - 1))] ?? 0) * 10) / 10;
  const since = directAt.filter((at) => at > lastProxyAt);
  const directSince = since.length === 0 ? null : Math.min(...since);
  return { ...counts, inFlight, directSince, ms: { p50: at(0.5), p99: at(0.99), max: at(1) } };
}

becomeLabUser();
const started = performance.now();
let due = 0;
// A timer that fires late sends what is due, so the rate holds on a busy machine.
const timer = setInterval(() => {
  const elapsed = (performance.now() - started) / 1000;
  for (; due < Math.min(elapsed, seconds) * ratePerSecond; due += 1) send();
  if (elapsed >= seconds && inFlight === 0) finishAll();
}, 5);
announce('READY');
onCommands({ report: () => announce('REPORT', report()), stop: finishAll });

function finishAll(): void {
  clearInterval(timer);
  announce('DONE', report());
  process.exit(0);
}
