// Opens a connection every few milliseconds and tells when, since a given time, they began to go one way.
import { announce, becomeLabUser, onCommands, programOptions } from './program.ts';
import { routeOf } from './route-of.ts';

const { connect } = process.getBuiltinModule('node:net');
const { performance } = process.getBuiltinModule('node:perf_hooks');

/** What became of one connection: where its answer came from, or the error's code. */
interface Attempt {
  readonly startedMs: number;
  readonly outcome: string;
}

/** So many in a row, by the time they were begun, are a change and no accident. */
const IN_A_ROW = 5;
const KEPT = 20_000;
const MAX_IN_FLIGHT = 400;

const { host, port, intervalMs, timeoutMs } = programOptions<{
  host: string;
  port: number;
  intervalMs: number;
  timeoutMs: number;
}>();
let attempts: Attempt[] = [];
let inFlight = 0;
let watch: { readonly id: string; readonly outcome: RegExp; readonly sinceMs: number } | null = null;

// The wall clock when this program began plus what has passed since: comparable with that of another program here.
const nowMs = (): number => performance.timeOrigin + performance.now();

function attempt(): void {
  if (inFlight >= MAX_IN_FLIGHT) return;
  inFlight += 1;
  const startedMs = nowMs();
  let text = '';
  let isDone = false;
  const socket = connect(port, host);
  const finish = (outcome: string) => {
    if (isDone) return;
    isDone = true;
    inFlight -= 1;
    socket.destroy();
    attempts.push({ startedMs, outcome });
    if (attempts.length > KEPT) attempts = attempts.slice(-KEPT / 2);
    look();
  };
  let local: { localAddress?: string | undefined; localPort?: number | undefined } = {};
  socket.setEncoding('utf8').on('connect', () => {
    local = { localAddress: socket.localAddress, localPort: socket.localPort };
    socket.write(`GET / HTTP/1.1\r\nHost: lab\r\nConnection: close\r\n\r\n`);
  });
  const answered = () => {
    const status = /^HTTP\/1\.1 (\d+)/.exec(text)?.[1];
    const peer = /"peer":(\{[^}]*\})/.exec(text)?.[1];
    if (status === '200' && peer !== undefined) finish(routeOf(local, JSON.parse(peer)));
    else finish(status === undefined ? 'no answer' : `HTTP ${status}`);
  };
  socket.on('data', (chunk: string) => {
    text += chunk;
    // An Envoy that begins to drain during a request answers it, and closes the connection at the end of its drain.
    const [, length, body = ''] = /^content-length: (\d+)\r\n.*?\r\n\r\n(.*)$/ims.exec(text) ?? [];
    if (length !== undefined && body.length >= Number(length)) answered();
  });
  socket.on('end', answered);
  socket.on('error', (error: NodeJS.ErrnoException) => finish(error.code ?? 'error'));
  setTimeout(() => finish('TIMEOUT'), timeoutMs);
}

function look(): void {
  if (watch === null) return;
  const { id, outcome, sinceMs } = watch;
  // Those that are under way count when they end: a frozen sidecar must not hide behind quick ones.
  const since = attempts.filter((one) => one.startedMs >= sinceMs).sort((a, b) => a.startedMs - b.startedMs);
  const first = since.findIndex((_one, index) => {
    const row = since.slice(index, index + IN_A_ROW);
    return row.length === IN_A_ROW && row.every((one) => outcome.test(one.outcome));
  });
  if (first === -1) return;
  watch = null;
  const others: Record<string, number> = {};
  for (const one of since.slice(0, first)) others[one.outcome] = (others[one.outcome] ?? 0) + 1;
  announce(`SEEN ${id}`, { ms: (since[first]?.startedMs ?? sinceMs) - sinceMs, others });
}

becomeLabUser();
setInterval(attempt, intervalMs);
announce('READY');
onCommands({
  watch(argument) {
    const [id = '', outcome = '', since = ''] = argument.split(' ');
    watch = { id, outcome: new RegExp(`^(${outcome})$`), sinceMs: Number(since) };
    look();
  },
  count(argument) {
    const [id = '', since = ''] = argument.split(' ');
    const counts: Record<string, number> = {};
    for (const { startedMs, outcome } of attempts) {
      if (startedMs >= Number(since)) counts[outcome] = (counts[outcome] ?? 0) + 1;
    }
    announce(`COUNTS ${id}`, counts);
  },
});
