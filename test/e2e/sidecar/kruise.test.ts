/** Hot upgrades across two containers, as OpenKruise does them. */
import assert from 'node:assert/strict';
import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { sidecarBaseId } from '../../../src/sidecar/envoy/envoy-arguments.ts';
import { Container } from './container.ts';
import { type LoadResult, OpenLoopClient } from './open-loop.ts';
import { NEW_ENVOY, SidecarLab } from './sidecar-lab.ts';

describe('the two containers of an OpenKruise hot upgrade', () => {
  let lab: SidecarLab;
  let client: OpenLoopClient | null = null;
  const containers: Container[] = [];
  const start = async (version: number, other: number) => {
    const container = await Container.start(lab, [version, other]);
    containers.push(container);
    return container;
  };
  const load = () => {
    const begun = new OpenLoopClient({ port: lab.port, rate: 60, connections: 20, lengthsMs: [5, 5, 5, 900] });
    client = begun;
    return sleep(400).then(() => begun);
  };
  // The shell that idles has set its traps once it sleeps.
  const untilIdle = (container: Container) =>
    lab.until('a container to idle', async () => (await container.processes()).some((line) => /sleep 3600/.test(line)));
  const lossless = ({ lost, duplicated, errors }: LoadResult, more = '') =>
    assert.deepEqual({ lost, duplicated }, { lost: 0, duplicated: 0 }, `${errors.join('\n')}\n${more}`);

  beforeEach(async () => {
    lab = await SidecarLab.open({ drain: '4s' });
  });
  afterEach(async () => {
    await client?.finish(lab.upstream);
    client = null;
    for (const container of containers.splice(0)) if (container.isRunning) await container.kill();
    for (const variant of [0, 1] as const) {
      const id = sidecarBaseId('main', join(lab.runDir, 'main'), variant);
      await rm(`/dev/shm/envoy_shared_memory_${id * 10}`, { force: true });
    }
    await lab.close();
  });

  it('take turns, there and back, under load, without a lost request', async () => {
    const first = await start(1, 0);
    const second = await start(0, 1);
    const [fresh, idle] = await Promise.all([first.waitSettled(), second.waitSettled()]);
    assert.deepEqual(
      [fresh.code, fresh.json.result?.role],
      [0, 'fresh'],
      `${JSON.stringify(fresh.json)}\n${first.log}`,
    );
    assert.deepEqual([idle.code, idle.json.result.role, idle.json.result.upgrade], [0, 'idle', null]);
    const client = await load();

    // OpenKruise puts the new image into the empty container.
    await untilIdle(second);
    second.signal('SIGTERM');
    assert.equal(await second.exit, 0, second.log);
    await lab.configure({ binary: NEW_ENVOY });
    const next = await start(812_345, 1);
    const settled = await next.waitSettled();
    assert.equal(settled.code, 0, `${JSON.stringify(settled.json)}\n${next.log}\n${first.log}`);
    assert.deepEqual(
      [settled.json.result.role, settled.json.result.upgrade.outcome, settled.json.result.upgrade.to.version],
      ['take-over', 'settled', '1.40.0'],
    );
    await lab.until('the new version to be live', async () => {
      const told = await lab.told();
      return told !== null && told.state === 'live' && told.version === '1.40.0';
    });

    // The former container neither ends nor starts anything, until it is emptied.
    await untilIdle(first);
    // What has just ended is reaped in a moment; what goes on, or begins, stays.
    await lab.until('nothing else to run in it', async () =>
      (await first.processes()).every((line) => /weir-init|weir-idle|sleep/.test(line)),
    );
    first.signal('SIGTERM');
    assert.equal(await first.exit, 0, first.log);
    const emptied = await start(0, 812_345);
    assert.equal((await emptied.waitSettled()).json.result.role, 'idle');

    // And back, with the same Envoy: a new image of anything else is an upgrade as well.
    await untilIdle(emptied);
    emptied.signal('SIGTERM');
    assert.equal(await emptied.exit, 0, emptied.log);
    const back = await start(812_399, 812_345);
    const again = await back.waitSettled();
    assert.equal(again.json.result?.upgrade.outcome, 'settled', `${JSON.stringify(again.json)}\n${back.log}`);
    lossless(await client.finish(lab.upstream), `${next.log}\n${back.log}`);
    await next.kill();
    back.signal('SIGTERM');
    assert.equal(await back.exit, 0, back.log);
  });

  it('a take-over that is refused leaves the first one serving, and the next one works', async () => {
    const first = await start(1, 0);
    await first.waitSettled();
    const client = await load();
    await lab.configure({ binary: '/bin/true' });
    const wrong = await start(7, 1);
    // It is killed with its container when that is quicker than its answer.
    const refused = wrong.waitSettled().then(
      ({ code }) => code,
      () => null,
    );
    assert.equal(await wrong.exit, 3, wrong.log);
    assert.ok([3, null].includes(await refused));
    await lab.until('the first container to supervise again', async () => (await lab.told())?.state === 'live');
    await lab.configure({ binary: NEW_ENVOY });
    const right = await start(9, 1);
    const settled = await right.waitSettled();
    assert.equal(settled.json.result?.upgrade.outcome, 'settled', `${JSON.stringify(settled.json)}\n${right.log}`);
    lossless(await client.finish(lab.upstream), `${first.log}\n${right.log}`);
  });

  it('a container that dies while its Envoy initializes gives the sidecar back, and the next one works', async () => {
    const first = await start(1, 0);
    await first.waitSettled();
    const client = await load();
    await lab.configure({
      binary: NEW_ENVOY,
      bootstrap: await lab.writeBootstrap('hanging.json', { hangSeconds: 600 }),
    });
    const dying = await start(7, 1);
    await lab.untilState('initializing');
    await dying.kill();
    await lab.until('the first container to supervise again', async () => (await lab.told())?.state === 'live');
    await lab.configure({ binary: NEW_ENVOY });
    const right = await start(9, 1);
    const settled = await right.waitSettled();
    assert.equal(settled.json.result?.upgrade.outcome, 'settled', `${JSON.stringify(settled.json)}\n${right.log}`);
    lossless(await client.finish(lab.upstream), `${first.log}\n${right.log}`);
  });

  it('a container that is told to end while it takes over gives the sidecar back', async () => {
    const first = await start(1, 0);
    await first.waitSettled();
    const client = await load();
    await lab.configure({
      binary: NEW_ENVOY,
      bootstrap: await lab.writeBootstrap('hanging.json', { hangSeconds: 600 }),
    });
    const told = await start(7, 1);
    await lab.untilState('initializing');
    told.signal('SIGTERM');
    assert.equal(await told.exit, 0, told.log);
    await lab.until('the first container to supervise again', async () => (await lab.told())?.state === 'live');
    lossless(await client.finish(lab.upstream), `${first.log}\n${told.log}`);
  });

  it('a pod that ends takes both down with 0 and leaves nothing behind', async () => {
    const first = await start(1, 0);
    await first.waitSettled();
    await lab.configure({ binary: NEW_ENVOY });
    const second = await start(5, 1);
    await second.waitSettled();
    await untilIdle(first);
    for (const container of [first, second]) container.signal('SIGTERM');
    assert.deepEqual(await Promise.all([first.exit, second.exit]), [0, 0], `${first.log}\n${second.log}`);
    const left = await readdir(join(lab.runDir, 'main'), { recursive: true });
    assert.deepEqual(
      left.filter((name) => /\.sock$|\.pid$|sink/.test(name)),
      [],
    );
  });

  it('a serving container that starts again after its crash needs nobody to take over from', async () => {
    const first = await start(1, 0);
    await first.waitSettled();
    await first.kill();
    const again = await start(1, 0);
    const settled = await again.waitSettled();
    assert.deepEqual([settled.code, settled.json.result?.role], [0, 'fresh'], again.log);
    await again.kill();
    const alone = await start(9, 1);
    const taken = await alone.waitSettled();
    assert.equal(taken.code, 0, `${JSON.stringify(taken.json)}\n${alone.log}`);
    await lab.untilAtRest();
  });

  it('variables that are no versions are refused before anything is started', async () => {
    const { code, json } = await lab.weirWith({ SIDECARSET_VERSION: '3' }, 'sidecar', 'run', 'main');
    assert.deepEqual([code, json.error.code], [2, 'WEIR4016']);
  });
});
