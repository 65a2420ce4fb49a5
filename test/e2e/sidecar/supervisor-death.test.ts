import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { OpenLoopClient } from './open-loop.ts';
import { NEW_ENVOY, OLD_ENVOY, SidecarLab } from './sidecar-lab.ts';

const STATES = [
  'idle',
  'preflight',
  'snapshot',
  'spawned',
  'initializing',
  'handover',
  'draining',
  'ending',
  'aborting',
];

describe('SIGKILL of the supervisor leaves the traffic alone, and a new one goes on', () => {
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

  for (const state of STATES) {
    it(`in ${state}`, async (t) => {
      const slow = ['initializing', 'aborting'].includes(state);
      const bootstrap = await lab.writeBootstrap(
        'second.json',
        slow ? { hangSeconds: state === 'aborting' ? 60 : 5 } : {},
      );
      const upgrade = state === 'idle' ? null : lab.upgrade('--binary', NEW_ENVOY, '--bootstrap', bootstrap);
      if (state === 'aborting') {
        await lab.untilState('initializing');
        void lab.weir('sidecar', 'abort', 'main').catch(() => {});
      }
      // A short state may be over before it is seen: what follows it will do as well.
      await lab.untilState(
        ...STATES.slice(STATES.indexOf(state)).filter((later) => state === 'idle' || later !== 'idle'),
        'notify',
      );
      await lab.killSupervisor();
      const before = await lab.status();
      assert.equal(before.state, 'unsupervised');
      await lab.run();
      const first = await upgrade;
      await lab.until('the sidecar to be at rest', async () => (await lab.status()).state === 'live');
      const adopted = await lab.status();
      assert.equal((await lab.envoys()).length, 1);
      const next = await lab.upgrade('--binary', OLD_ENVOY, '--force');
      const load = await client.finish(lab.upstream);
      const outcome = first?.json.result?.outcome ?? first?.json.error?.details?.outcome ?? null;
      t.diagnostic(
        JSON.stringify({ state, outcome, version: adopted.version, lost: load.lost, duplicated: load.duplicated }),
      );
      assert.deepEqual(
        { lost: load.lost, duplicated: load.duplicated },
        { lost: 0, duplicated: 0 },
        load.errors.join('\n'),
      );
      assert.equal(next.json.result?.outcome, 'settled', JSON.stringify(next.json));
    });
  }

  it('a second supervisor is refused while the first one lives', async () => {
    const second = await lab.weir('sidecar', 'run', 'main');
    assert.deepEqual([second.code, second.json.error.code], [3, 'WEIR4001']);
    await client.finish(lab.upstream);
  });

  it('upgrade without a supervisor is refused, and status says so', async () => {
    await lab.killSupervisor();
    const refused = await lab.upgrade();
    assert.deepEqual([refused.code, refused.json.error.code], [3, 'WEIR4002']);
    const load = await client.finish(lab.upstream);
    assert.equal(load.lost, 0);
  });
});
