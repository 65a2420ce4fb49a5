/** Transparent proxying without connection tracking: the laws of on and off on real packets, a real Envoy, both families. */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { LAB_ADDRESSES, LAB_UIDS } from '../lab/lab.ts';
import { startHttpUpstream, startLoad } from '../lab/traffic.ts';
import { assertRoute, PORTS, type Stage, setStage, untilRoute } from './stage.ts';

const { app: APP, other: OTHER } = LAB_UIDS;

/** Connections that the kernel tracks in the namespace: none as long as nothing asks for tracking. */
async function tracked({ lab }: Stage): Promise<number> {
  const { stdout } = await lab.client.sh('cat /proc/sys/net/netfilter/nf_conntrack_count');
  return Number(stdout.trim());
}

/** Routing rules and the table of weir, both families. */
async function routing({ lab }: Stage): Promise<string> {
  const commands = ['-4 rule', '-6 rule', '-4 route show table all', '-6 route show table all'];
  const texts = commands.map(async (words) => (await lab.client.sh(`ip ${words}`)).stdout);
  return (await Promise.all(texts)).join('');
}

async function assertStreams(streams: Awaited<ReturnType<Stage['streams']>>, route: 'direct' | 'proxy'): Promise<void> {
  for (const stream of await streams.report())
    assert.deepEqual([stream.gaps, stream.ending, stream.route], [0, null, route], JSON.stringify(stream));
}

test('on and off: proven in both families, open connections stay as they are, nothing is tracked, no trace is left', async (t) => {
  const stage = await setStage('tproxy-laws', { test: t, sidecar: 'transparent' });
  const { lab, weir } = stage;
  // Loopback packets keep their route: a strict filter of source addresses does not meet them.
  await lab.client.sh('sysctl -qw net.ipv4.conf.all.rp_filter=1 net.ipv4.conf.lo.rp_filter=1');
  const [untouched, routes] = [await stage.listing(), await routing(stage)];
  const before = await stage.streams(APP);
  await assertRoute(stage, APP, 'direct');
  assert.equal(await tracked(stage), 0);

  const on = await weir.json(['on', 'payment']);
  assert.equal(on.code, 0, JSON.stringify(on.json));
  assert.deepEqual(on.json.result.apps[0].proof, { ipv4: 'ok', ipv6: 'ok' });
  await assertRoute(stage, APP, 'proxy');
  await assertRoute(stage, APP, 'proxy', 6);
  await assertRoute(stage, OTHER, 'direct');
  await assertRoute(stage, LAB_UIDS.sidecar, 'direct');

  const installed = await stage.listing();
  assert.doesNotMatch(installed, /\bct\b/, 'an expression of conntrack would turn tracking on');
  assert.equal((await weir.json(['on', 'payment'])).code, 0);
  const withoutFlows = (text: string): string => text.replaceAll(/\n\t\telements = \{ (?:\d|fd|0x)[^}]*\}/g, '');
  assert.equal(withoutFlows(await stage.listing()), withoutFlows(installed), 'a repeated on leaves the text identical');
  const verified = await weir.json(['verify']);
  assert.equal(verified.code, 0, JSON.stringify(verified.json));
  assert.deepEqual(verified.json.result.apps[0].counters, 'ok');
  assert.deepEqual(verified.json.result.apps[0].packets, { ipv4: 'ok', ipv6: 'ok' });

  const during = await stage.streams(APP);
  const status = await weir.json(['status']);
  const shown = status.json.result.apps.find((app: { name: string }) => app.name === 'payment');
  assert.deepEqual(
    [shown.state, shown.mode, shown.connections],
    ['on', 'tproxy', { proxied: 3, direct: 3 }],
    JSON.stringify(shown),
  );

  const off = await weir.json(['off', 'payment', '--existing', 'keep']);
  assert.equal(off.code, 0, JSON.stringify(off.json));
  assert.deepEqual(off.json.result.apps[0].connections, { proxied: 3, cut: 0, drained: 0 });
  await assertRoute(stage, APP, 'direct');
  await sleep(300);
  await assertStreams(before, 'direct');
  await assertStreams(during, 'proxy');
  assert.equal(await tracked(stage), 0, 'nothing was tracked');

  await during.stop();
  const gone = await weir.json(['uninstall', '--existing', 'keep']);
  assert.equal(gone.code, 0, JSON.stringify(gone.json));
  assert.equal(await stage.listing(), untouched);
  assert.equal(await routing(stage), routes);
  await before.stop();
});

test('open connections are drained or cut, and off.sh and a deadline need no process of weir', async (t) => {
  const stage = await setStage('tproxy-off', { test: t, sidecar: 'transparent' });
  const { lab, weir } = stage;
  const switchOn = async (...flags: string[]): Promise<void> => {
    const on = await weir.json(['on', 'payment', ...flags]);
    assert.equal(on.code, 0, JSON.stringify(on.json));
    await assertRoute(stage, APP, 'proxy');
  };
  await switchOn();
  const cut = await stage.streams(APP);
  const ended = await weir.json(['off', 'payment', '--existing', 'cut']);
  assert.deepEqual(
    ended.json.result.apps[0].connections,
    { proxied: 0, cut: 3, drained: 0 },
    JSON.stringify(ended.json),
  );
  assert.equal((await cut.ended()).length, 3);
  await assertRoute(stage, APP, 'direct');
  assert.doesNotMatch(await stage.listing(), /weir/, 'a cut leaves nothing to remember');
  assert.doesNotMatch(await routing(stage), /22359/);

  await switchOn();
  const drained = await stage.streams(APP, 2);
  const off = weir.start(['off', 'payment', '--drain', '20s']);
  await off.line(/2 connections left/);
  await drained.stop();
  await off.line(/2 drained, 0 cut/);
  await off.ended;
  assert.doesNotMatch(await routing(stage), /22359/);

  await switchOn();
  const open = await stage.streams(APP, 2);
  const pressed = await lab.client.tool(['sh', join(weir.runDir, 'off.sh'), 'payment'], { timeoutMs: 30_000 });
  assert.match(pressed.stdout, /payment: new connections go direct/);
  await assertRoute(stage, APP, 'direct');
  await assertStreams(open, 'proxy');
  const status = await weir.json(['status', 'payment']);
  assert.deepEqual(
    [status.json.result.apps[0].reason, status.json.result.apps[0].connections.proxied],
    ['off.sh', 2],
    JSON.stringify(status.json),
  );
  await open.stop();

  await switchOn('--confirm', '12s');
  await untilRoute(stage, APP, 'direct');
  assert.deepEqual((await weir.json(['status', 'payment'])).json.result.apps[0].reason, 'confirm expired');
  assert.equal((await weir.json(['uninstall'])).code, 0);
  assert.doesNotMatch(await stage.listing(), /weir/);
  assert.equal(await tracked(stage), 0);
});

test('calls that come in go through the sidecar, and a dead sidecar refuses both ways and hands nobody to another server', async (t) => {
  const port = 8088;
  const apps = { calls: { select: { user: 31_000 }, sidecar: 'main', inbound: { ports: [port] } } };
  const stage = await setStage('tproxy-inbound', { test: t, sidecar: 'transparent', apps });
  const { lab, weir } = stage;
  await startHttpUpstream(lab, { namespace: lab.client, port, uid: 31_000 });
  // Another server of this host at the port that the application calls elsewhere.
  await startHttpUpstream(lab, { namespace: lab.client, port: PORTS.http, name: 'wrong', uid: OTHER });
  // A filter that lets the application's port in alone: nothing here comes in by the sidecar's.
  await lab.client.sh(
    'nft -f -',
    `table inet fw {\nchain input {\ntype filter hook input priority 0; policy drop;\niif lo accept\nmeta l4proto ipv6-icmp accept\ntcp sport { ${PORTS.http}, ${PORTS.stream} } accept\ntcp dport ${port} accept\n}\n}\n`,
  );
  const call = async (family: 4 | 6): Promise<{ direct: number; proxy: number; failed: number }> => {
    const host = family === 4 ? LAB_ADDRESSES.client.ipv4 : LAB_ADDRESSES.client.ipv6;
    const load = await startLoad(lab, { namespace: lab.upstream, host, port, ratePerSecond: 20, seconds: 0.25 });
    const { direct, proxy, failed } = await load.done();
    return { direct, proxy, failed: Object.values(failed).reduce((sum, count) => sum + count, 0) };
  };
  assert.deepEqual(await call(4), { direct: 5, proxy: 0, failed: 0 });
  const on = await weir.json(['on', 'calls', 'payment']);
  assert.equal(on.code, 0, JSON.stringify(on.json));
  assert.equal(on.json.result.apps[0].inbound.result, 'ok', JSON.stringify(on.json));
  for (const family of [4, 6] as const) assert.deepEqual(await call(family), { direct: 0, proxy: 5, failed: 0 });

  await stage.sidecar.process.stop();
  for (const family of [4, 6] as const) {
    assert.deepEqual(await call(family), { direct: 0, proxy: 0, failed: 5 });
    assert.deepEqual(await stage.routes(APP, family), { direct: 0, proxy: 0, failed: 5 });
  }
  const verify = await weir.json(['verify', 'payment']);
  assert.deepEqual([verify.code, verify.json.result.apps[0].packets], [1, { ipv4: 'failed', ipv6: 'failed' }]);
  assert.equal((await weir.json(['off', '--all'])).code, 0);
  for (const family of [4, 6] as const) assert.deepEqual(await call(family), { direct: 5, proxy: 0, failed: 0 });
  await assertRoute(stage, APP, 'direct');
  assert.equal(await tracked(stage), 0);
});

const CLASHES: readonly { name: string; arrange: string; undo: string; risk: string }[] = [
  {
    name: 'a routing rule of others about the same marks',
    arrange: 'ip rule add fwmark 0x57000000/0xff000000 lookup 100 pref 50',
    undo: 'ip rule del pref 50',
    risk: 'mark-taken',
  },
  {
    name: 'a routing rule of others about a bit that the marks of weir have',
    arrange: 'ip -6 rule add fwmark 0x10/0x10 lookup 100 pref 50',
    undo: 'ip -6 rule del pref 50',
    risk: 'mark-taken',
  },
  {
    name: 'routes of others in the table of weir',
    arrange: 'ip route add blackhole 198.51.100.0/24 table 22359',
    undo: 'ip route flush table 22359',
    risk: 'table-taken',
  },
  {
    name: 'another program that marks what the application sends',
    arrange: `iptables-nft -w -t mangle -A OUTPUT -m owner --uid-owner ${APP} -j MARK --set-mark 0x1`,
    undo: 'iptables-nft -w -t mangle -F OUTPUT',
    risk: 'packet-marked',
  },
];

test('what others use is never taken: refused by id, and nothing has changed', async (t) => {
  const stage = await setStage('tproxy-clash', { test: t, sidecar: 'transparent' });
  const { lab, weir } = stage;
  for (const { name, arrange, undo, risk } of CLASHES) {
    await lab.client.sh(arrange);
    const before = [await stage.listing(), await routing(stage)];
    const on = await weir.json(['on', 'payment']);
    assert.deepEqual([on.code, on.json.error?.code], [3, 'WEIR3015'], `${name}: ${JSON.stringify(on.json)}`);
    assert.match(on.json.error?.hint ?? '', new RegExp(`--accept-risk ${risk}`), name);
    assert.deepEqual([await stage.listing(), await routing(stage)], before, name);
    await lab.client.sh(undo);
  }
  const iptables = await weir.json(['on', 'payment', '--backend', 'iptables-nft']);
  assert.deepEqual([iptables.code, iptables.json.error?.code], [3, 'WEIR3016'], JSON.stringify(iptables.json));
  const harmless = 'ip rule add fwmark 0x1/0x1 lookup 100 pref 50';
  await lab.client.sh(harmless);
  assert.equal((await weir.json(['on', 'payment'])).code, 0, 'a mark that weir never sets');
  await assertRoute(stage, APP, 'proxy');
});

test('a listener that is not transparent is refused, and one that nobody could look at is found by packets', async (t) => {
  const stage = await setStage('tproxy-opaque', { test: t, sidecar: 'envoy' });
  const { weir } = stage;
  const sidecars = { main: { user: LAB_UIDS.sidecar, outbound: 15_001, mode: 'tproxy', admin: stage.sidecar.admin } };
  weir.configure({ ...stage.mesh, sidecars });
  const on = await weir.json(['on', 'payment']);
  assert.deepEqual([on.code, on.json.error?.code], [3, 'WEIR3015'], JSON.stringify(on.json));
  assert.match(on.json.error?.hint ?? '', /not-transparent/);
  const before = [await stage.listing(), await routing(stage)];
  const tried = await weir.json(['on', 'payment', '--accept-risk', 'not-transparent']);
  assert.deepEqual([tried.code, tried.json.error?.code], [4, 'WEIR3007'], JSON.stringify(tried.json));
  assert.match(tried.json.error?.why ?? '', /not accepted by the sidecar/);
  assert.deepEqual([await stage.listing(), await routing(stage)], before, 'rolled back, its routes as well');
  await assertRoute(stage, APP, 'direct');
});

test('on, off and uninstall killed at any moment are whole after a second run', async (t) => {
  const stage = await setStage('tproxy-kills', { test: t, sidecar: 'transparent' });
  const { weir } = stage;
  const untouched = [await stage.listing(), await routing(stage)];
  const killAfter = async (args: readonly string[], ms: number): Promise<boolean> => {
    const process = weir.start(args);
    await sleep(ms);
    process.kill();
    return (await process.ended).signal === 'SIGKILL';
  };
  let killed = 0;
  for (let kill = 0; kill < 6; kill += 1) {
    const ms = 120 + kill * 100;
    killed += (await killAfter(['on', 'payment'], ms)) ? 1 : 0;
    const on = await weir.json(['on', 'payment']);
    assert.equal(on.code, 0, JSON.stringify(on.json));
    await assertRoute(stage, APP, 'proxy');
    killed += (await killAfter(['off', 'payment'], ms)) ? 1 : 0;
    assert.equal((await weir.json(['off', 'payment', '--existing', 'cut'])).code, 0);
    await assertRoute(stage, APP, 'direct');
    assert.equal((await weir.json(['on', 'payment'])).code, 0);
    killed += (await killAfter(['uninstall', '--existing', 'cut'], ms)) ? 1 : 0;
    const gone = await weir.json(['uninstall', '--existing', 'cut']);
    assert.equal(gone.code, 0, JSON.stringify(gone.json));
    assert.deepEqual([await stage.listing(), await routing(stage)], untouched);
  }
  assert.ok(killed > 0, 'no run was killed in time');
});
