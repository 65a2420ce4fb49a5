/** Upgrades of a real Envoy under faults. */
import assert from 'node:assert/strict';
import { request } from 'node:http';
import { after, afterEach, before, beforeEach, describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { FAULT_CASES, FaultSeries } from './fault-cases.ts';
import { OpenLoopClient } from './open-loop.ts';
import { NEW_ENVOY, OLD_ENVOY, SidecarLab } from './sidecar-lab.ts';

/** Cases with a lab of the same kind share one: each begins where the one before it has left the sidecar. */
const SERIES = Object.values(Object.groupBy(FAULT_CASES, ({ lab }) => JSON.stringify(lab ?? {})));

for (const cases of SERIES) {
  describe(`after a fault during an upgrade the next needs no manual step: ${cases?.length} in a row`, () => {
    let series: FaultSeries;
    before(async () => {
      series = await FaultSeries.open(cases?.[0]?.lab);
    });
    after(async () => await series?.close());

    for (const one of cases ?? []) {
      it(one.behaviour, async (t) => {
        const { code, outcome, said, states } = await series.provoke(one);
        t.diagnostic(JSON.stringify({ outcome, states: states.join(' ') }));
        assert.deepEqual([code, outcome], [one.code, one.outcome], `${said}\n${series.log}`);
        if (one.says !== undefined) assert.match(said, one.says);
        assert.deepEqual(series.errors, []);
      });
    }

    it('no request of all that time is lost or doubled, and an upgrade settles', async () => {
      const { errors, ...end } = await series.finish();
      const whole = { lost: 0, duplicated: 0, next: 'settled', envoysLeft: 1 };
      assert.deepEqual(end, whole, `${errors.join('\n')}\n${series.log}`);
    });
  });
}

/**
 * A request that the upstream answers only after the test: a drain lasts for as long as it may. It was over between two
 * looks at its state when all requests happened to be short and the machine was busy.
 */
async function holdDrain(lab: SidecarLab): Promise<void> {
  const asked = request({ host: '127.0.0.1', port: lab.port, path: '/held?ms=120000', agent: false });
  asked.on('error', () => {});
  asked.end();
  await lab.until('a request to be held', async () => lab.upstream.seen.has('held'));
}

describe('a process that dies after the hand-over, or while nothing is under way', () => {
  let lab: SidecarLab;
  let client: OpenLoopClient;
  beforeEach(async () => {
    lab = await SidecarLab.open({ drain: '4s' });
    await lab.run();
    client = new OpenLoopClient({ port: lab.port, rate: 60, connections: 20, lengthsMs: [5, 5, 800] });
    await sleep(300);
  });
  afterEach(async () => {
    client.stop();
    await lab.close();
  });

  it('a new process that is killed after the hand-over is started again on its own epoch', async (t) => {
    await holdDrain(lab);
    const upgrade = lab.upgrade('--binary', NEW_ENVOY);
    await lab.untilState('draining', 'notify');
    const [, fresh] = await lab.envoys();
    process.kill(Number(fresh), 'SIGKILL');
    const fault = await upgrade;
    assert.equal(fault.json.result?.outcome, 'settled', JSON.stringify(fault.json));
    const outage = fault.json.warnings.map((text: string) => /for (\d+) ms/.exec(text)?.[1]).find(Boolean);
    assert.ok(outage !== undefined, JSON.stringify(fault.json.warnings));
    const load = await client.finish(lab.upstream);
    t.diagnostic(
      JSON.stringify({ outcome: 'settled', outageMs: Number(outage), lost: load.lost, duplicated: load.duplicated }),
    );
    assert.equal(load.duplicated, 0);
    const next = await lab.upgrade('--binary', OLD_ENVOY);
    assert.equal(next.json.result?.outcome, 'settled', JSON.stringify(next.json));
  });

  it('an old process that is killed while it drains takes only its own requests with it', async (t) => {
    await holdDrain(lab);
    const upgrade = lab.upgrade('--binary', NEW_ENVOY);
    await lab.untilState('draining', 'notify');
    const [old] = await lab.envoys();
    process.kill(Number(old), 'SIGKILL');
    const fault = await upgrade;
    assert.equal(fault.json.result?.outcome, 'settled', JSON.stringify(fault.json));
    // Envoy alone aborts 13 s after its parent was killed; the sink keeps it.
    await sleep(14_000);
    const failedEarly = client.failed;
    const next = await lab.upgrade('--binary', OLD_ENVOY);
    const load = await client.finish(lab.upstream);
    t.diagnostic(JSON.stringify({ lost: load.lost, duplicated: load.duplicated, next: next.json.result?.outcome }));
    assert.equal(next.json.result?.outcome, 'settled', JSON.stringify(next.json));
    assert.ok(failedEarly <= 20, load.errors.join('\n'));
    assert.equal(load.lost, failedEarly);
  });

  it('an old process that dies owing an answer does not leave the new one waiting for it', async (t) => {
    await holdDrain(lab);
    const upgrade = lab.upgrade('--binary', NEW_ENVOY, '--drain', '30s');
    await lab.untilState('draining', 'notify');
    const [old] = await lab.envoys();
    // Frozen through a stats flush (each 5 s), the old one is asked and cannot answer; then it is gone.
    process.kill(Number(old), 'SIGSTOP');
    await sleep(7000);
    process.kill(Number(old), 'SIGKILL');
    const fault = await upgrade;
    assert.equal(fault.json.result?.outcome, 'settled', JSON.stringify(fault.json));
    const failedEarly = client.failed;
    const next = await lab.upgrade('--binary', OLD_ENVOY);
    const load = await client.finish(lab.upstream);
    t.diagnostic(JSON.stringify({ lost: load.lost, duplicated: load.duplicated, next: next.json.result?.outcome }));
    assert.equal(next.json.result?.outcome, 'settled', JSON.stringify(next.json));
    assert.equal(load.lost, failedEarly, load.errors.join('\n'));
  });

  it('a serving process that is killed comes back by itself', async () => {
    const [pid] = await lab.envoys();
    process.kill(Number(pid), 'SIGKILL');
    await lab.until('another Envoy', async () => {
      // First the process: until the end of the old one is noticed, the state is still live.
      const [other = pid] = await lab.envoys();
      return other !== pid && (await lab.told())?.state === 'live';
    });
    assert.equal((await lab.upgrade('--binary', NEW_ENVOY)).json.result.outcome, 'settled');
    await client.finish(lab.upstream);
  });
});
