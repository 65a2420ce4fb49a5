/** Deaths of any process in any state: an Envoy serves again or traffic goes direct, and the next upgrade works. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { FakeEnvoy } from '../../fakes/fake-envoys.ts';
import { SupervisorStage } from './supervisor-stage.ts';

/** How the sidecar gets into a state; the act happens at the moment in which the state is entered. */
type Scenario = (stage: SupervisorStage) => Promise<unknown>;

const settling: Scenario = async (stage) => {
  stage.connect();
  await stage.ask({ binary: '/opt/envoy/1.40.0' });
};

const aborted: Scenario = async (stage) => {
  stage.changeBootstrap({ start: 'hangs' });
  const report = stage.ask();
  await stage.untilState('initializing', 'idle', 'down', 'starting');
  void stage.requests.abort().catch(() => {});
  await report;
};

/** The new one dies so often after the hand-over. */
function dyingAfterHandover(times: number): Scenario {
  return async (stage) => {
    stage.connect();
    const report = stage.ask({ binary: '/opt/envoy/1.40.0' });
    await stage.untilState('draining', 'down', 'starting');
    for (let time = 0; time < times; time++) {
      const before = stage.host.envoys.all.length;
      endNewest(stage);
      if (time + 1 < times) await stage.clock.until('its replacement', () => stage.host.envoys.all.length > before);
    }
    await report;
  };
}

const crashing: Scenario = async (stage) => {
  endNewest(stage);
};

const SCENARIOS: readonly (readonly [states: readonly string[], scenario: Scenario])[] = [
  [['preflight', 'snapshot', 'spawned', 'initializing', 'handover', 'notify', 'draining', 'ending'], settling],
  [['aborting'], aborted],
  [['recovering'], dyingAfterHandover(1)],
  [['emergency'], dyingAfterHandover(2)],
  [['down', 'starting'], crashing],
];

const VICTIMS: Readonly<Record<string, (stage: SupervisorStage) => void>> = {
  'the oldest process': (stage) => endOne(stage, stage.host.envoys.living[0]),
  'the newest process': endNewest,
  'every process': (stage) => {
    for (const envoy of stage.host.envoys.living) endOne(stage, envoy);
  },
  'every sink': (stage) => stage.host.envoys.sinks.clear(),
  'the supervisor': (stage) => stage.die(),
  'the supervisor and the newest process': (stage) => {
    stage.die();
    endNewest(stage);
  },
  'the supervisor and the oldest process': (stage) => {
    stage.die();
    endOne(stage, stage.host.envoys.living[0]);
  },
};

function endOne(stage: SupervisorStage, envoy: FakeEnvoy | undefined): void {
  if (envoy !== undefined) stage.host.envoys.end(envoy, 'signal 9');
}

function endNewest(stage: SupervisorStage): void {
  endOne(stage, stage.host.envoys.living.at(-1));
}

/** The longest time, in milliseconds, in which no Envoy accepted and traffic still went to the sidecar. */
async function untilServing(stage: SupervisorStage): Promise<number> {
  let since: number | null = null;
  let longest = 0;
  await stage.clock.until('somebody to serve', () => {
    const now = stage.clock.monotonic();
    const isHole = stage.serving === null && !stage.interception.isBypassed;
    since = isHole ? (since ?? now) : null;
    if (since !== null) longest = Math.max(longest, now - since);
    return stage.supervisor.machine.state.name === 'idle' && stage.serving !== null;
  });
  return longest;
}

describe('whoever dies when the sidecar enters a state', () => {
  for (const [states, scenario] of SCENARIOS) {
    for (const state of states) {
      for (const [victim, kill] of Object.entries(VICTIMS)) {
        test(`${state}: ${victim}`, async () => {
          const stage = await SupervisorStage.live();
          await stage.clock.pass(20_000);
          let isHit = false;
          stage.onState(state, () => {
            // A moment later, as a signal is: not inside the step of the machine.
            queueMicrotask(() => {
              isHit = true;
              kill(stage);
            });
          });
          const { supervisor } = stage;
          scenario(stage).catch(() => {});
          await stage.clock.until(`the state ${state}`, () => isHit);
          if (supervisor.isClosed) await stage.restart();
          const hole = await untilServing(stage);
          assert.ok(hole <= 100, `for ${hole} ms nobody accepted and traffic was not sent direct`);
          assert.equal(stage.interception.isBypassed, false);
          await stage.clock.pass(40_000);
          await untilServing(stage);
          assert.equal(stage.host.envoys.living.length, 1, 'one process is left');
          const ids = stage.reports.map(({ id }) => id.replace(/-back$/, ''));
          assert.equal(new Set(ids).size, ids.length, 'an upgrade has one report');
          assert.equal(stage.supervisor.job, null, 'no upgrade is left open');
          stage.changeBootstrap({ start: 'live', hasAccessLog: false });
          assert.equal((await stage.upgrade()).outcome, 'settled', 'the next upgrade needs no manual step');
        });
      }
    }
  }
});

describe('a supervisor that dies while the sidecar is being stopped', () => {
  for (const victim of ['the supervisor', 'the newest process'] as const) {
    test(`with ${victim} gone, leaves nothing that the next one cannot go on with`, async () => {
      const stage = await SupervisorStage.live();
      stage.connect();
      stage.onState('stopping', () => queueMicrotask(() => VICTIMS[victim]?.(stage)));
      void stage.requests.stop(5_000).catch(() => {});
      await stage.clock.pass(1_000);
      if (victim === 'the supervisor') await stage.restart();
      else await stage.untilState('stopped');
      await stage.clock.pass(20_000);
      if (victim === 'the supervisor') {
        void stage.requests.stop(0).catch(() => {});
        await stage.untilState('stopped');
      }
      assert.deepEqual(stage.host.envoys.living, []);
    });
  }
});

test('a supervisor that finds its Envoy about to drop its listeners replaces it before they are gone', async () => {
  const stage = await SupervisorStage.live();
  const open = stage.connect(1);
  stage.onState('stopping', () => queueMicrotask(() => stage.die()));
  void stage.requests.stop(60_000).catch(() => {});
  await stage.clock.pass(1000);
  await stage.restart();
  await stage.clock.pass(14_000);
  assert.ok(stage.serving !== null, 'the first one has dropped them by now');
  assert.equal(stage.serving.launch.generation.epoch, 1);
  assert.equal(open.isOpen, true);
  open.isOpen = false;
  await stage.clock.pass(10_000);
  assert.ok(stage.serving !== null);
  assert.equal((await stage.requests.status()).state, 'live');
  assert.equal(stage.interception.isBypassed, false);
});
