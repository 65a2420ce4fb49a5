/** The death of a supervisor in each state of an upgrade. */
import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { OpenLoopClient } from './open-loop.ts';
import { SidecarLab } from './sidecar-lab.ts';
import { DEATH_STATES, trySupervisorDeath } from './supervisor-deaths.ts';

describe('SIGKILL of the supervisor leaves the traffic alone, and a new one goes on', () => {
  for (const state of DEATH_STATES) {
    it(`in ${state}`, async (t) => {
      const { status, lost, duplicated, next, envoysLeft, errors, ...row } = await trySupervisorDeath(state);
      t.diagnostic(JSON.stringify({ state, ...row, lost, duplicated }));
      assert.deepEqual(
        { status, lost, duplicated, next, envoysLeft },
        { status: 'unsupervised', lost: 0, duplicated: 0, next: 'settled', envoysLeft: 1 },
        errors.join('\n'),
      );
    });
  }
});

describe('one supervisor a sidecar', () => {
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
