/** on and off with real traffic. */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { LAB_UIDS } from '../lab/lab.ts';
import { assertRoute, BACKENDS, setStage } from './stage.ts';

const FOREIGN = [
  'add table ip docker_like',
  'add chain ip docker_like out { type nat hook output priority -100; }',
  'add rule ip docker_like out ip daddr 172.17.0.0/16 tcp dport 5432 counter',
  'add table inet firewalld',
  'add chain inet firewalld filter_INPUT { type filter hook input priority 10; }',
  'add rule inet firewalld filter_INPUT ct state established,related accept',
].join('\n');

for (const backend of BACKENDS) {
  test(`${backend}: one application is diverted and proven, the other and every open stream are left alone, and uninstall leaves no trace`, async (t) => {
    const stage = await setStage(`switch-${backend}`, { test: t });
    const { lab, weir } = stage;
    await lab.client.sh('nft -f -', `${FOREIGN}\n`);
    await lab.client.sh('iptables-legacy -w 5 -t nat -A OUTPUT -d 172.18.0.0/16 -j RETURN');
    const untouched = await stage.listing();
    const before = await stage.streams(LAB_UIDS.app);
    await assertRoute(stage, LAB_UIDS.app, 'direct');

    const on = await weir.json(['on', 'payment', '--backend', backend]);
    assert.equal(on.code, 0, JSON.stringify(on.json));
    assert.equal(on.json.result.backend, backend);
    assert.deepEqual(on.json.result.apps[0].proof, { ipv4: 'ok', ipv6: 'ok' });
    await assertRoute(stage, LAB_UIDS.app, 'proxy');
    await assertRoute(stage, LAB_UIDS.app, 'proxy', 6);
    await assertRoute(stage, LAB_UIDS.other, 'direct');

    const installed = await stage.listing();
    assert.equal((await weir.json(['on', 'payment'])).code, 0);
    assert.equal(await stage.listing(), installed, 'a repeated on leaves the text identical');
    const verified = await weir.json(['verify']);
    assert.equal(verified.code, 0, JSON.stringify(verified.json));
    assert.deepEqual(verified.json.result.apps[0].counters, 'ok');

    const during = await stage.streams(LAB_UIDS.app);
    const status = await weir.json(['status']);
    const shown = status.json.result.apps.find((app: { name: string }) => app.name === 'payment');
    assert.deepEqual([shown.state, shown.connections], ['on', { proxied: 3, direct: 3 }]);

    const off = await weir.json(['off', 'payment', '--existing', 'keep']);
    assert.equal(off.code, 0, JSON.stringify(off.json));
    assert.deepEqual(off.json.result.apps[0].connections, { proxied: 3, cut: 0, drained: 0 });
    await assertRoute(stage, LAB_UIDS.app, 'direct');
    await sleep(300);
    for (const [streams, route] of [
      [before, 'direct'],
      [during, 'proxy'],
    ] as const) {
      for (const stream of await streams.report()) {
        assert.deepEqual([stream.gaps, stream.ending, stream.route], [0, null, route], JSON.stringify(stream));
      }
    }
    await during.stop();
    await before.stop();
    const gone = await weir.json(['uninstall']);
    assert.equal(gone.code, 0, JSON.stringify(gone.json));
    assert.equal(await stage.listing(), untouched);
  });
}

test('a real Envoy: on, off with a drain that ends early, and off with a cut are counted as the clients see them', async (t) => {
  const stage = await setStage('envoy', { test: t, sidecar: 'envoy' });
  const { weir } = stage;
  assert.equal((await weir.json(['on', 'payment'])).code, 0);
  await assertRoute(stage, LAB_UIDS.app, 'proxy');
  await assertRoute(stage, LAB_UIDS.app, 'proxy', 6);

  const short = await stage.streams(LAB_UIDS.app, 4);
  const draining = weir.start(['off', 'payment', '--drain', '10m']);
  await draining.line(/draining: 4 connections left/);
  assert.ok((await short.report()).every(({ gaps, ending }) => gaps === 0 && ending === null));
  await short.stop();
  // The drain ends when the last connection has.
  assert.equal((await draining.ended).code, 0, draining.output());
  assert.match(draining.output(), /4 drained, 0 cut/);

  await weir.json(['on', 'payment']);
  const long = await stage.streams(LAB_UIDS.app, 5);
  const cut = await weir.json(['off', 'payment', '--drain', '1s']);
  assert.deepEqual(cut.json.result.apps[0].connections, { proxied: 0, cut: 5, drained: 0 });
  const ended = await long.ended();
  assert.equal(ended.filter(({ ending, gaps }) => ending !== null && gaps === 0).length, 5);

  await weir.json(['on', 'payment']);
  const atOnce = await stage.streams(LAB_UIDS.app, 5);
  const now = await weir.json(['off', 'payment', '--existing', 'cut']);
  assert.deepEqual(now.json.result.apps[0].connections, { proxied: 0, cut: 5, drained: 0 });
  await atOnce.ended();
  assert.equal((await weir.json(['uninstall'])).code, 0);
});

test('on --existing cut ends direct connections of the application only, and counts them', async (t) => {
  const stage = await setStage('cut-on', { test: t });
  const mine = await stage.streams(LAB_UIDS.app, 3);
  const others = await stage.streams(LAB_UIDS.other, 2);
  const on = await stage.weir.json(['on', 'payment', '--existing', 'cut']);
  assert.equal(on.json.result.apps[0].connections.cut, 3, JSON.stringify(on.json));
  await mine.ended();
  assert.ok((await others.report()).every(({ ending }) => ending === null));
});

test('Ctrl-C during a drain leaves the connections proxied and exits 0; beside another command it ends the wait', async (t) => {
  const stage = await setStage('ctrl-c', { test: t });
  await stage.weir.json(['on', 'payment']);
  const streams = await stage.streams(LAB_UIDS.app, 2);
  const off = stage.weir.start(['off', 'payment', '--drain', '60s']);
  await off.line(/new connections go direct \(\d/);
  await off.line(/draining: 2 connections/);
  off.signal('SIGINT');
  assert.deepEqual(await off.ended, { code: 0, signal: null });
  await assertRoute(stage, LAB_UIDS.app, 'direct');
  assert.ok((await streams.report()).every(({ ending, gaps }) => ending === null && gaps === 0));
  const status = await stage.weir.json(['status', 'payment']);
  assert.deepEqual([status.json.result.apps[0].state, status.json.result.apps[0].connections.proxied], ['draining', 2]);

  await stage.weir.json(['on', 'payment']);
  const lock = join(stage.weir.runDir, 'lock');
  const holder = stage.lab.start(stage.lab.client, [
    'flock',
    '--no-fork',
    lock,
    'sh',
    '-c',
    'echo held; exec sleep 600',
  ]);
  await holder.line(/held/);
  for (const [command, said] of [
    [['off', 'payment'], /payment: new connections go direct; nothing was tidied up/],
    [['on', 'report'], /interrupted by SIGINT; nothing was changed/],
    [['uninstall', '--existing', 'keep'], /new connections go direct; nothing was removed/],
  ] as const) {
    const waiting = stage.weir.start(command);
    if (command[0] === 'off') await waiting.line(/new connections go direct \(\d/);
    await waiting.line(/waiting for another weir/);
    waiting.signal('SIGINT');
    assert.deepEqual(await waiting.ended, { code: 130, signal: null }, waiting.output());
    assert.match(waiting.output().replaceAll(/\s+/g, ' '), said);
  }
  await assertRoute(stage, LAB_UIDS.app, 'direct');
  await assertRoute(stage, LAB_UIDS.other, 'direct');
  await holder.stop();
  // They have left no program behind that waits for the lock, and would get it.
  assert.equal((await stage.weir.json(['off', 'payment', '--existing', 'keep'])).code, 0);
});

test('a drain in progress blocks no other command', async (t) => {
  const stage = await setStage('drain-lock', { test: t });
  await stage.weir.json(['on', 'payment']);
  await stage.streams(LAB_UIDS.app, 1);
  const off = stage.weir.start(['off', 'payment', '--drain', '60s']);
  await off.line(/draining: 1 connection/);
  assert.equal((await stage.weir.json(['on', 'report'])).code, 0);
  assert.equal((await stage.weir.json(['on', 'payment'])).code, 0);
  await assertRoute(stage, LAB_UIDS.app, 'proxy');
  await off.stop();
});
