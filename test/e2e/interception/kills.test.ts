/** Commands killed at any moment, on real back ends. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { LAB_UIDS } from '../lab/lab.ts';
import { assertRoute, BACKENDS, type Stage, setStage } from './stage.ts';

/** How many times each command is killed, a back end. */
const KILLS = 6;

/** Starts weir and SIGKILLs it after a while; resolves to whether it was still running. */
async function killAfter(stage: Stage, args: readonly string[], ms: number): Promise<boolean> {
  const process = stage.weir.start(args);
  await sleep(ms);
  process.kill();
  const { signal } = await process.ended;
  return signal === 'SIGKILL';
}

for (const backend of BACKENDS) {
  test(`${backend}: on, off and uninstall killed at any moment are whole after a second run`, async (t) => {
    const stage = await setStage(`kills-${backend}`, { test: t });
    const { weir } = stage;
    const untouched = await stage.listing();
    let killed = 0;
    for (let kill = 0; kill < KILLS; kill += 1) {
      // From before the first change to after the last one, wherever this machine's speed puts them.
      const ms = 120 + (kill * 600) / KILLS;
      killed += (await killAfter(stage, ['on', 'payment', '--backend', backend], ms)) ? 1 : 0;
      assert.equal((await weir.json(['on', 'payment', '--backend', backend])).code, 0);
      await assertRoute(stage, LAB_UIDS.app, 'proxy');
      killed += (await killAfter(stage, ['off', 'payment'], ms)) ? 1 : 0;
      assert.equal((await weir.json(['off', 'payment', '--existing', 'cut'])).code, 0);
      await assertRoute(stage, LAB_UIDS.app, 'direct');
      assert.equal((await weir.json(['on', 'payment', '--backend', backend])).code, 0);
      killed += (await killAfter(stage, ['uninstall', '--existing', 'cut'], ms)) ? 1 : 0;
      const gone = await weir.json(['uninstall', '--existing', 'cut']);
      assert.equal(gone.code, 0, JSON.stringify(gone.json));
      assert.equal(await stage.listing(), untouched);
    }
    assert.ok(killed > 0, 'no run was killed in time');
  });
}
