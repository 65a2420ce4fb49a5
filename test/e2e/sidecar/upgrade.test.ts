/** Hot upgrades of a real Envoy under load. */
import assert from 'node:assert/strict';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { OpenLoopClient } from './open-loop.ts';
import { NEW_ENVOY, OLD_ENVOY, SidecarLab } from './sidecar-lab.ts';

describe('the hot upgrade of a real Envoy', () => {
  let lab: SidecarLab;
  beforeEach(async () => {
    lab = await SidecarLab.open({ drain: '6s' });
    await lab.run();
  });
  afterEach(async () => lab.close());

  it('loses and doubles nothing under keep-alive load, there and back again', async () => {
    const client = new OpenLoopClient({ port: lab.port, rate: 150, connections: 50, lengthsMs: [5, 5, 5, 2000] });
    await sleep(500);
    const there = await lab.upgrade('--binary', NEW_ENVOY);
    const back = await lab.upgrade('--binary', OLD_ENVOY);
    await lab.until('five hundred requests', async () => client.sent > 500);
    const load = await client.finish(lab.upstream);
    assert.equal(there.code, 0, there.stderr);
    assert.equal(there.json.result.outcome, 'settled');
    assert.deepEqual([there.json.result.from.version, there.json.result.to.version], ['1.39.3', '1.40.0']);
    assert.equal(back.json.result.outcome, 'settled');
    assert.deepEqual(
      { lost: load.lost, duplicated: load.duplicated },
      { lost: 0, duplicated: 0 },
      load.errors.join('\n'),
    );
    assert.equal((await lab.envoys()).length, 1);
  });

  it('reports exactly the requests and connections that the timer cut', async () => {
    const client = new OpenLoopClient({ port: lab.port, rate: 10, connections: 20, lengthsMs: [30_000] });
    await sleep(1000);
    const settled = lab.upgrade('--binary', NEW_ENVOY);
    await lab.untilState('draining');
    await sleep(500);
    // From here on nothing new: what is in flight on the old process is cut, what is on the new one is answered.
    const done = client.finish(lab.upstream);
    const { json } = await settled;
    await lab.until('the cut to reach the client', async () => client.failed >= json.result.requests.cut);
    const cutAtClient = client.failed;
    assert.ok(cutAtClient > 0);
    assert.equal(json.result.requests.cut, cutAtClient, client.errors.join('\n'));
    assert.equal(json.result.connections.cut, cutAtClient);
    await lab.weir('sidecar', 'stop', 'main', '--drain', '0s');
    await done;
  });

  it('settles long before the timer when the old process is quiet', async () => {
    const { json } = await lab.upgrade('--binary', NEW_ENVOY);
    assert.equal(json.result.outcome, 'settled');
    assert.ok(json.result.drainedAtMs !== null);
    const left = json.result.states.find(({ state }: { state: string }) => state === 'ENDING');
    assert.ok(left !== undefined);
    assert.deepEqual(json.result.connections, { drained: 0, cut: 0 });
  });

  it('does nothing when nothing has changed, and restarts all the same with --force', async () => {
    const same = await lab.upgrade();
    assert.deepEqual([same.code, same.json.result.outcome], [0, 'unchanged']);
    const forced = await lab.upgrade('--force');
    assert.equal(forced.json.result.outcome, 'settled');
    assert.equal((await lab.status()).epoch, 1);
  });

  it('goes back to the pair before with rollback, and shows both in the history', async () => {
    const nothing = await lab.weir('sidecar', 'rollback', 'main');
    assert.deepEqual([nothing.code, nothing.json.error.code], [3, 'WEIR4010']);
    await lab.upgrade('--binary', NEW_ENVOY);
    const back = await lab.weir('sidecar', 'rollback', 'main');
    assert.equal(back.code, 0);
    assert.equal((await lab.status()).version, '1.39.3');
    const { json } = await lab.weir('sidecar', 'history', 'main');
    assert.deepEqual(
      json.result.entries.map((entry: { outcome: string; to: { version: string } }) => [
        entry.outcome,
        entry.to.version,
      ]),
      [
        ['settled', '1.40.0'],
        ['settled', '1.39.3'],
      ],
    );
  });

  it('leaves no process, socket or shared memory behind after stop', async () => {
    await lab.upgrade('--binary', NEW_ENVOY);
    const memory = await lab.sharedMemory();
    assert.ok(memory.length > 0);
    const stopped = await lab.weir('sidecar', 'stop', 'main');
    assert.equal(stopped.code, 0, stopped.stderr);
    await lab.untilEnded();
    assert.equal(lab.supervisor?.exitCode, 0);
    assert.deepEqual(await lab.envoys(), []);
    const left = await readdir(join(lab.runDir, 'main'));
    assert.deepEqual(
      left.filter((name) => /\.sock$|\.pid$|^sink/.test(name)),
      [],
    );
    const shm = await readdir('/dev/shm');
    assert.deepEqual(
      memory.filter((name) => shm.includes(name)),
      [],
    );
  });
});
