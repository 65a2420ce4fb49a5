/** The death of a supervisor in the states of an upgrade that differ for a real Envoy; the fakes die in every state. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { SidecarLab } from './sidecar-lab.ts';
import { supervisorDeaths } from './supervisor-deaths.ts';

supervisorDeaths('idle', 'initializing', 'draining', 'aborting');

describe('one supervisor a sidecar', () => {
  it('a second one is refused while the first one lives, and an upgrade without any', async () => {
    const lab = await SidecarLab.open({ drain: '4s' });
    try {
      await lab.run();
      const second = await lab.weir('sidecar', 'run', 'main');
      assert.deepEqual([second.code, second.json.error.code], [3, 'WEIR4001']);
      await lab.killSupervisor();
      const refused = await lab.upgrade();
      assert.deepEqual([refused.code, refused.json.error.code], [3, 'WEIR4002']);
    } finally {
      await lab.close();
    }
  });
});
