/** Ways to send traffic direct when weir's own parts are gone or broken. */
import assert from 'node:assert/strict';
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { LAB_UIDS } from '../lab/lab.ts';
import { assertRoute, BACKENDS, setStage, untilRoute } from './stage.ts';

for (const backend of BACKENDS) {
  test(`${backend}: off.sh works with the state directory, mesh.yaml and the sidecar gone, and only on switches it on again`, async (t) => {
    const stage = await setStage(`panic-${backend}`, { test: t });
    const { lab, weir, sidecar } = stage;
    assert.equal((await weir.json(['on', '--all', '--backend', backend])).code, 0);
    const streams = await stage.streams(LAB_UIDS.app, 2);
    const script = join(weir.runDir, 'off.sh');
    const unknown = await lab.client.tool(['sh', script, 'paymnet'], { timeoutMs: 30_000, reject: false });
    assert.equal(unknown.exitCode, 2);
    await assertRoute(stage, LAB_UIDS.app, 'proxy');

    const argv = ['env', 'PATH=/nowhere', '/bin/sh', script, 'payment'] as const;
    const off = await lab.client.tool([...argv], { timeoutMs: 30_000, reject: false });
    assert.equal(off.exitCode, 0, off.stderr);
    await assertRoute(stage, LAB_UIDS.app, 'direct');
    await assertRoute(stage, LAB_UIDS.other, 'proxy');
    assert.ok(
      (await streams.report()).every(({ ending, gaps }) => ending === null && gaps === 0),
      'proxied connections go on',
    );
    const status = await weir.json(['status', 'payment']);
    const { desired, reason } = status.json.result.apps[0];
    assert.deepEqual([desired, reason], ['off', 'off.sh']);
    assert.equal((await weir.json(['on', 'report'])).code, 0);
    await assertRoute(stage, LAB_UIDS.app, 'direct');

    rmSync(weir.stateDir, { recursive: true });
    rmSync(weir.config);
    await streams.stop();
    await sidecar.process.stop();
    const all = await lab.client.tool(['dash', script], { timeoutMs: 30_000, reject: false });
    assert.equal(all.exitCode, 0, all.stderr);
    await assertRoute(stage, LAB_UIDS.other, 'direct');
    assert.equal((await weir.json(['uninstall'])).code, 0);
  });

  test(`${backend}: --confirm ends by itself with every weir process gone, and status says why`, async (t) => {
    const stage = await setStage(`confirm-${backend}`, { test: t });
    const { weir } = stage;
    const on = await weir.json(['on', 'payment', '--backend', backend, '--confirm', '10s']);
    assert.equal(on.json.result?.apps[0].after, 'unconfirmed', JSON.stringify(on.json));
    await assertRoute(stage, LAB_UIDS.app, 'proxy');
    await untilRoute(stage, LAB_UIDS.app, 'direct');
    const status = await weir.json(['status', 'payment']);
    const { state, desired, reason } = status.json.result.apps[0];
    assert.deepEqual([state, desired, reason], ['off', 'off', 'confirm expired']);
    const late = await weir.json(['confirm', 'payment']);
    assert.deepEqual([late.code, late.json.error?.code], [3, 'WEIR3010']);
    assert.equal((await weir.json(['on', 'payment', '--confirm', '10s'])).code, 0);
    assert.deepEqual((await weir.json(['confirm', 'payment'])).json.result.confirmed, ['payment']);
    await sleep(11_000);
    await assertRoute(stage, LAB_UIDS.app, 'proxy');
  });

  test(`${backend}: off, status and uninstall work when mesh.yaml is broken and when it has lost the application`, async (t) => {
    const stage = await setStage(`broken-${backend}`, { test: t });
    const { weir } = stage;
    const untouched = await stage.listing();
    assert.equal((await weir.json(['on', 'payment', '--backend', backend])).code, 0);
    writeFileSync(weir.config, 'apps: [');
    const status = await weir.json(['status']);
    assert.equal(status.json.result.apps[0].state, 'on');
    assert.match(status.json.warnings.join(), /going on without mesh.yaml/);
    assert.equal((await weir.json(['off', 'payment', '--existing', 'keep'])).code, 0);
    await assertRoute(stage, LAB_UIDS.app, 'direct');
    weir.configure({ ...stage.mesh, apps: { other: { select: { user: 77 }, sidecar: 'main' } } });
    assert.equal((await weir.json(['off', 'payment'])).code, 0);
    assert.equal((await weir.json(['uninstall'])).code, 0);
    assert.equal(await stage.listing(), untouched);
  });
}

test('rules wiped by nft flush ruleset: traffic is direct, status says drifted, verify names it, on puts it right', async (t) => {
  const stage = await setStage('wiped', { test: t });
  const { weir, lab } = stage;
  await weir.json(['on', 'payment', '--backend', 'nft']);
  await lab.client.sh('nft flush ruleset');
  await assertRoute(stage, LAB_UIDS.app, 'direct');
  assert.equal((await weir.json(['status'])).json.result.apps[0].state, 'drifted');
  const verify = await weir.json(['verify', 'payment']);
  assert.equal(verify.code, 1);
  assert.ok(verify.json.result.apps[0].findings.length > 0);
  assert.equal((await weir.json(['on', 'payment'])).code, 0);
  await assertRoute(stage, LAB_UIDS.app, 'proxy');
});

test('a rule that somebody inserted or took away is named by table, chain and place', async (t) => {
  const stage = await setStage('changed', { test: t });
  const { weir, lab } = stage;
  await weir.json(['on', 'payment', '--backend', 'nft']);
  await lab.client.sh('nft insert rule inet weir output tcp dport 8080 return');
  const verify = await weir.json(['verify', 'payment']);
  assert.equal(verify.code, 1);
  const [finding] = verify.json.result.apps[0].findings;
  assert.match(finding.where, /weir.*output/);
  assert.match(finding.found, /8080/);
  assert.equal((await weir.json(['on', 'payment'])).code, 0);
  assert.equal((await weir.json(['verify', 'payment'])).code, 0);
});
