/** Probes by a real child to loopback, with conntrack's answers made up. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { type TestContext, test } from 'node:test';
import { makeProbeCgroup } from '../../../../src/interception/adapters/probe/probe-cgroup.ts';
import type { ProbeProcess } from '../../../../src/interception/adapters/probe/probe-process.ts';
import type { ProbeEvent } from '../../../../src/interception/adapters/probe/probe-protocol.ts';
import { createProber } from '../../../../src/interception/adapters/probe/prober.ts';
import type { ProbeRequest } from '../../../../src/interception/ports.ts';
import type { runTool } from '../../../../src/platform/exec.ts';
import { fakePath } from '../../../fakes/fake-path.ts';
import { PROJECT_ROOT } from '../../../run-weir.ts';

/** The account that runs the tests: to act as it takes no right. */
const SELF = { uid: process.getuid?.() ?? 0, gid: null, cgroup: null };

/** A port of loopback where connections are accepted. */
async function acceptingPort(t: TestContext): Promise<number> {
  const server = createServer((socket) => socket.on('error', () => {}).resume());
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(() => server.close());
  const address = server.address();
  return typeof address === 'object' && address !== null ? address.port : 0;
}

/** A port where nobody listens. */
async function closedPort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  return typeof address === 'object' && address !== null ? address.port : 0;
}

const ask = (port: number, ...addresses: string[]): ProbeRequest => ({
  as: SELF,
  family: 4,
  mode: 'redirect',
  port,
  addresses,
});

/** A conntrack that lists `entries` and takes down what it was asked. */
function conntrack(entries: (args: string) => string): { run: typeof runTool; calls: string[] } {
  const calls: string[] = [];
  const run: typeof runTool = async (argv) => {
    const args = argv.slice(1).join(' ');
    calls.push(args);
    return { stdout: args.startsWith('-L') ? entries(args) : '', stderr: '', exitCode: 0, ms: 1 };
  };
  return { run, calls };
}

/** The ports from which the kernel takes the source of a connection. */
const [FIRST = 0, LAST = 0] = readFileSync('/proc/sys/net/ipv4/ip_local_port_range', 'utf8').split(/\s+/).map(Number);

/** A line of conntrack; `SOURCE` stands for the port of the caller. */
const entry = (port: number, answeredBy: number, mark: number): string =>
  `tcp 6 119 SYN_SENT src=127.0.0.1 dst=127.0.0.1 sport=SOURCE dport=${port} src=127.0.0.1 dst=127.0.0.1 sport=${answeredBy} dport=SOURCE mark=${mark} use=1`;

/** Entries for every source port that a probe may have had. */
const entriesTo = (...asked: Parameters<typeof entry>): string =>
  Array.from({ length: LAST - FIRST + 1 }, (_, index) =>
    entry(...asked).replaceAll('SOURCE', String(FIRST + index)),
  ).join('\n');

test('a connection that conntrack shows redirected is that, with its mark and whether the sidecar took it', async (t) => {
  const port = await acceptingPort(t);
  const { run, calls } = conntrack(() => entriesTo(port, 15_001, 0x57000110));
  const [outcome] = await createProber(run).probe([ask(port, '127.0.0.1')]);
  assert.ok(outcome?.kind === 'redirected', JSON.stringify(outcome));
  const { mark, destination, answeredBy, accepted } = outcome;
  assert.deepEqual(
    { mark, destination, answeredBy, accepted },
    {
      mark: 0x57000110,
      destination: { address: '127.0.0.1', port },
      answeredBy: { address: '127.0.0.1', port: 15_001 },
      accepted: true,
    },
  );
  const [deletion] = calls.filter((call) => call.startsWith('-D'));
  assert.match(deletion ?? '', /--orig-dst 127\.0\.0\.1 .*--orig-port-src \d+ -m 1459618064\//);
});

/** Children of which each reports its connections as sent, and their end as the next of `ends` says. */
function scripted(...ends: readonly object[]): { start: () => ProbeProcess; made: () => number } {
  let made = 0;
  const start = (): ProbeProcess => {
    const { promise, resolve } = Promise.withResolvers<void>();
    return {
      begin({ targets }, onEvent) {
        const end = ends[made++];
        for (const { id, port } of targets) {
          const [source, destination] = [FIRST, port].map((one) => ({ address: '127.0.0.1', port: one }));
          onEvent({ event: 'sent', id, source, destination } as ProbeEvent);
          onEvent({ id, ms: 1, ...end } as ProbeEvent);
        }
      },
      ended: promise,
      release() {},
      stop: resolve,
    };
  };
  return { start, made: () => made };
}

test('a redirected connection that nobody answered in time is made once more, one that was refused is not', async () => {
  const silence = { event: 'failed', why: 'no answer in time' };
  const refusal = { event: 'failed', why: 'ECONNREFUSED' };
  const { run } = conntrack(() => entriesTo(80, 15_001, 7));
  for (const [ends, accepted, why, made] of [
    [[silence, { event: 'accepted' }], true, undefined, 2],
    [[silence, silence], false, 'no answer in time', 2],
    [[silence, refusal], false, 'ECONNREFUSED', 2],
    [[refusal], false, 'ECONNREFUSED', 1],
    [[{ event: 'accepted' }], true, undefined, 1],
  ] as const) {
    const child = scripted(...ends);
    const [outcome] = await createProber(run, child.start).probe([ask(80, '127.0.0.1')]);
    assert.ok(outcome?.kind === 'redirected', JSON.stringify(outcome));
    assert.deepEqual([outcome.accepted, outcome.why, child.made()], [accepted, why, made]);
  }
});

test('of more connections without an answer than can be made again in time, the first silence decides', async () => {
  const { run } = conntrack(() => entriesTo(80, 15_001, 7));
  const child = scripted({ event: 'failed', why: 'no answer in time' });
  const outcomes = await createProber(run, child.start).probe(Array.from({ length: 101 }, () => ask(80, '127.0.0.1')));
  assert.equal(child.made(), 1);
  assert.ok(outcomes.every((outcome) => outcome.kind === 'redirected' && !outcome.accepted));
});

test('a connection that was accepted while the child got no processor is accepted, also when its time is over', async (t) => {
  const port = await acceptingPort(t);
  // The child does nothing for longer than a connection may take, right after it has set the clock of one.
  const stall = `
    const arm = globalThis.setTimeout;
    globalThis.setTimeout = (callback, ms, ...rest) => {
      const timer = arm(callback, ms, ...rest);
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 3 * ms);
      return timer;
    };`;
  const program = join(PROJECT_ROOT, 'src/programs/probe-child.ts');
  const child = spawn(process.execPath, ['--import', `data:text/javascript,${encodeURIComponent(stall)}`, program]);
  t.after(() => child.kill('SIGKILL'));
  const targets = [{ id: 1, ...SELF, port, addresses: ['127.0.0.1'] }];
  child.stdin.write(`${JSON.stringify({ cgroup: null, targets, timeoutMs: 100, atOnce: 10 })}\n`);
  const events: { event: string }[] = [];
  for await (const line of createInterface({ input: child.stdout })) {
    if (events.push(JSON.parse(line)) === 2) break;
  }
  assert.deepEqual(
    events.map(({ event }) => event),
    ['sent', 'accepted'],
  );
});

test('a connection that was accepted and has no entry goes direct', async (t) => {
  const port = await acceptingPort(t);
  const { run } = conntrack(() => '');
  assert.deepEqual(await createProber(run).probe([ask(port, '127.0.0.1')]), [
    { kind: 'direct', destination: { address: '127.0.0.1', port } },
  ]);
});

test('a refused one is made again while somebody listens to conntrack, and what is heard decides', async (t) => {
  const port = await closedPort();
  const { run } = conntrack(() => '');
  fakePath(t, { conntrack: 'sleep 20' });
  assert.deepEqual(await createProber(run).probe([ask(port, '127.0.0.1')]), [
    { kind: 'direct', destination: { address: '127.0.0.1', port } },
  ]);
  const folder = fakePath(t, { conntrack: 'cat "$HERE/events"; sleep 20' });
  writeFileSync(join(folder, 'events'), `${entriesTo(port, 15_001, 7)}\n`);
  const [redirected] = await createProber(run).probe([ask(port, '127.0.0.1')]);
  assert.ok(redirected?.kind === 'redirected', JSON.stringify(redirected));
  assert.deepEqual([redirected.accepted, redirected.mark], [false, 7]);
});

test('no address, no cgroup and no conntrack: the first two are impossible, the last one is an error', async (t) => {
  const { run } = conntrack(() => '');
  const inside = { ...ask(80, '127.0.0.1'), as: { ...SELF, cgroup: 'no-such.slice/none' } };
  const [none, slice] = await createProber(run).probe([ask(80), inside]);
  assert.deepEqual(none, { kind: 'impossible', why: 'there is no address that could be tried' });
  assert.ok(slice?.kind === 'impossible');
  assert.match(slice.why, /cgroup/);
  const failing: typeof runTool = async () => {
    throw new Error('conntrack is missing');
  };
  const port = await acceptingPort(t);
  await assert.rejects(createProber(failing).probe([ask(port, '127.0.0.1')]), /conntrack is missing/);
});

test('a cgroup for probes lies below its slice, goes with the probe, and takes those of dead weirs along', async (t) => {
  const mount = mkdtempSync(join(tmpdir(), 'weir-cgroups-'));
  t.after(() => rmSync(mount, { recursive: true }));
  const slice = join(mount, 'web.slice');
  mkdirSync(join(slice, `weir-probe-${process.pid}-99`), { recursive: true });
  mkdirSync(join(slice, 'weir-probe-4194304-1'));
  mkdirSync(join(slice, 'inner'));
  const cgroup = await makeProbeCgroup('web.slice', async () => mount);
  assert.match(cgroup.folder, new RegExp(`^${slice}/weir-probe-${process.pid}-\\d+$`));
  assert.ok(existsSync(cgroup.folder));
  await cgroup.remove();
  await cgroup.remove();
  assert.deepEqual(readdirSync(slice).sort(), ['inner', `weir-probe-${process.pid}-99`]);
  await assert.rejects(
    makeProbeCgroup('gone.slice', async () => mount),
    /^Error: no cgroup can be made in .*gone\.slice: ENOENT$/,
  );
  await assert.rejects(
    makeProbeCgroup('web.slice', async () => null),
    /no cgroup v2 hierarchy is mounted/,
  );
});
