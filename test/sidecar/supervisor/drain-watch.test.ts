/** What a look at a draining process says about its connections, and what it does not say. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { DrainSample } from '../../../src/sidecar/ports.ts';
import { SupervisorStage } from './supervisor-stage.ts';

const BUSY: DrainSample = { old: 1, oldAny: 1, new: 0 };
const DRAINED: DrainSample = { old: 0, oldAny: 0, new: 1 };

/** An upgrade whose drain shows these samples, one a look, and no connection from then on; null: no table to be read. */
async function drain(samples: readonly (DrainSample | null)[], trackers: readonly ('none' | 'there')[] = ['there']) {
  const stage = await SupervisorStage.live();
  const [left, waiting] = [[...samples], [...trackers]];
  let looks = 0;
  stage.host.trackDrain = async () => {
    if (waiting.shift() === 'none') return null;
    return {
      atStart: 1,
      cut: async () => [],
      sample: async () => {
        looks += 1;
        return left.length === 0 ? BUSY : (left.shift() ?? null);
      },
    };
  };
  stage.connect();
  const report = await stage.upgrade({ force: true });
  return { stage, report, looks };
}

test('a process is drained when a look at the kernel shows no connection of its own', async () => {
  const { report, looks } = await drain([BUSY, DRAINED, BUSY]);
  assert.equal(looks, 2);
  assert.ok(report.drainedAtMs !== null && report.drainedAtMs < 1_000);
});

test('a look that fails, and a successor that listens nowhere, say nothing about the connections', async () => {
  assert.equal((await drain([null, BUSY, null, DRAINED])).looks, 4);
  assert.equal((await drain([BUSY, DRAINED], ['none', 'none', 'there'])).looks, 2);
});

test('a process whose connections never end is cut by the timer, and by nothing before', async () => {
  const { report } = await drain([]);
  assert.equal(report.drainedAtMs, null);
  assert.deepEqual(report.connections, { drained: 0, cut: 1 });
});

test('the watch ends without a word when the successor dies meanwhile', async () => {
  const stage = await SupervisorStage.live();
  stage.connect();
  const report = stage.ask({ force: true });
  await stage.untilState('draining');
  const newest = stage.host.envoys.living.at(-1);
  assert.ok(newest !== undefined);
  stage.host.envoys.end(newest, 'signal 9');
  await stage.untilState('recovering');
  await stage.untilState('idle');
  assert.equal((await report).outcome, 'settled');
  assert.equal(stage.states.filter((state) => state === 'ending').length, 1);
});

/** An upgrade with long connections on the old process; when how many of them were cut. */
async function spreadOver(connections: number, spreadMs: number) {
  const stage = await SupervisorStage.live();
  for (let index = 0; index < connections; index++) stage.connect(1);
  const report = stage.ask({ force: true, drainMs: 10_000, spreadMs });
  await stage.untilState('draining');
  const started = stage.clock.monotonic();
  const open = () => stage.host.envoys.connections.filter(({ isOpen }) => isOpen).length;
  const left: number[] = [];
  while (stage.supervisor.machine.state.name === 'draining') {
    left.push(open());
    await stage.clock.pass(100);
  }
  await stage.untilState('idle');
  return { report: await report, left, stage, lastedMs: stage.clock.monotonic() - started };
}

test('the connections that are left are cut one by one over the last part of a drain, if asked', async () => {
  const { report, left, lastedMs } = await spreadOver(100, 5000);
  assert.deepEqual([report.connections, report.requests], [{ drained: 0, cut: 100 }, { cut: 100 }]);
  assert.equal(left.findIndex((count) => count < 100) >= 49, true, left.join());
  const steps = left.slice(1).map((count, index) => (left[index] ?? 0) - count);
  assert.ok(Math.max(...steps) <= 5, steps.join());
  assert.ok(lastedMs <= 10_500, String(lastedMs));
});

test('without it all are cut at its end', async () => {
  const { report, left } = await spreadOver(100, 0);
  assert.deepEqual([left.at(-1), report.connections.cut, report.requests.cut], [100, 100, 100]);
});

test('a kernel that cuts no connection is a warning, and all are cut at the end', async () => {
  const stage = await SupervisorStage.live();
  for (let index = 0; index < 10; index++) stage.connect(1);
  stage.host.envoys.cutSome = () => {
    throw new Error('ss -K: Operation not permitted');
  };
  const { connections, requests, warnings } = await stage.upgrade({ force: true, drainMs: 10_000, spreadMs: 5000 });
  assert.deepEqual([connections.cut, requests.cut], [10, 10]);
  assert.deepEqual(warnings.slice(1), [
    'connections cannot be cut one by one: all are cut at the end: ss -K: Operation not permitted',
  ]);
});

test('what is cut is not counted where a listener hides its connections, and nothing is called drained', async () => {
  const stage = await SupervisorStage.live();
  stage.host.unseenListeners = ['dns takes datagrams'];
  stage.connect(1);
  const { outcome, connections, requests, drainedAtMs, warnings } = await stage.upgrade({ force: true });
  assert.deepEqual([outcome, connections, requests], ['settled', { drained: null, cut: null }, { cut: 1 }]);
  assert.equal(drainedAtMs, null);
  assert.match(warnings.join(), /the connections that are cut cannot be counted: dns takes datagrams/);
});

test('an old process that ends before its time cut its connections; how many requests is not known, and that is said', async () => {
  const stage = await SupervisorStage.live();
  stage.connect(1);
  const report = stage.ask({ force: true });
  await stage.untilState('draining');
  const [old] = stage.host.envoys.living;
  assert.ok(old !== undefined);
  stage.host.envoys.end(old, 'signal 9');
  await stage.untilState('idle');
  const { connections, requests, warnings } = await report;
  assert.deepEqual([connections.cut, requests.cut], [1, null]);
  assert.match(warnings.join('\n'), /the old process ended before the requests that this cut were counted/);
});

/** An upgrade whose new process fails in its bake; `inDrain` happens within the drain of each process, `inBake` between. */
async function goBack(
  inDrain: (stage: SupervisorStage, drain: number) => void,
  inBake: (stage: SupervisorStage) => void,
) {
  const stage = await SupervisorStage.live();
  stage.host.answers = { completed: 1000, failed: 10 };
  stage.connect(1);
  const report = stage.ask({ binary: '/opt/envoy/1.40.0', bakeMs: 60_000 });
  await stage.untilState('draining');
  inDrain(stage, 1);
  await stage.untilState('baking');
  inBake(stage);
  await stage.clock.pass(1500);
  stage.host.answers = { completed: 1100, failed: 110 };
  await stage.untilState('draining');
  inDrain(stage, 2);
  await stage.untilState('idle');
  const { outcome, connections, requests } = await report;
  assert.equal(outcome, 'rolled-back');
  return { connections, requests };
}

const endOldest = (stage: SupervisorStage) => {
  const [oldest] = stage.host.envoys.living;
  assert.ok(oldest !== undefined);
  stage.host.envoys.end(oldest, 'signal 9');
};

test('what the old process cut as it ended is told also by an upgrade that goes back afterwards', async () => {
  const { connections, requests } = await goBack(
    (stage, drain) => {
      if (drain === 1) endOldest(stage);
    },
    (stage) => stage.connect(),
  );
  assert.deepEqual([connections.cut, requests.cut], [2, null]);
});

test('the connections of one drain are not told of the next one, of which none were seen', async () => {
  const { connections } = await goBack(
    (stage, drain) => {
      if (drain === 2) endOldest(stage);
    },
    (stage) => {
      const { trackDrain } = stage.host;
      stage.connect(1);
      stage.host.trackDrain = async (...asked) =>
        ({ ...(await trackDrain.apply(stage.host, asked)), sample: async () => null }) as never;
    },
  );
  assert.equal(connections.cut, null);
});
