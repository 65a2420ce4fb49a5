/** Upgrades between a real Dubbo consumer and its provider. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { type DubboCase, DubboLab } from './dubbo/dubbo-lab.ts';
import type { DubboLoad } from './dubbo/dubbo-peer.ts';
import { NEW_ENVOY } from './sidecar-lab.ts';

/** Upgrades the sidecar under calls; `report` is the result of the command, `twice` the calls that were executed twice. */
async function upgradeUnderCalls(which: DubboCase) {
  const lab = await DubboLab.open({ rate: 200, ...which });
  try {
    lab.consumer.begin();
    await sleep(1500);
    const { code, json } = await lab.sidecar.upgrade('--binary', NEW_ENVOY);
    await sleep(1000);
    const load: DubboLoad = await lab.consumer.load();
    const { twice } = await lab.executed();
    assert.equal(code, 0, JSON.stringify(json));
    return { load, twice, report: json.result };
  } finally {
    await lab.close();
  }
}

describe('the hot upgrade of a sidecar between a Dubbo consumer and its provider', () => {
  it("loses no call at the consumer's sidecar when the consumer has the SDK piece", async () => {
    const { load, twice, report } = await upgradeUnderCalls({
      side: 'consumer',
      withSdk: true,
      providers: 1,
      filter: 'tcp',
    });
    assert.deepEqual([load.failed, twice], [0, 0], JSON.stringify(load));
    assert.ok(load.calls > 400);
    assert.deepEqual([report.connections.cut, report.requests.cut], [0, 0]);
    assert.deepEqual(report.notices[0]?.counts?.moved, 1, JSON.stringify(report.notices));
    // The old Envoy has nothing left to wait for.
    assert.ok(report.drainedAtMs !== null);
  });

  it("loses no call at the first of two providers' sidecar when both sides have the SDK piece", async () => {
    const { load, twice, report } = await upgradeUnderCalls({
      side: 'provider',
      withSdk: true,
      providers: 2,
      filter: 'tcp',
    });
    assert.deepEqual([load.failed, twice], [0, 0], JSON.stringify(load));
    assert.equal(report.connections.cut, 0);
    assert.deepEqual(report.notices[0]?.counts, { told: 1 }, JSON.stringify(report.notices));
  });

  it('loses calls without the SDK piece, and reports the connection that was cut', async () => {
    const { load, report } = await upgradeUnderCalls({
      side: 'consumer',
      withSdk: false,
      providers: 1,
      filter: 'tcp',
      drain: '3s',
    });
    assert.ok(load.failed > 0, JSON.stringify(load));
    assert.equal(report.connections.cut, 1);
  });

  it('lets go of a Dubbo connection at the end of a call when the bootstrap knows its port', async () => {
    const { load, report } = await upgradeUnderCalls({
      side: 'consumer',
      withSdk: false,
      providers: 1,
      filter: 'dubbo',
      drain: '20s',
      rate: 20,
    });
    // Through generic_proxy and its codec calls pass as before, until then.
    assert.ok(load.calls - load.failed > 20, JSON.stringify(load));
    assert.equal(report.connections.cut, 0);
    assert.ok(report.drainedAtMs < 15_000, JSON.stringify(report));
  });
});
