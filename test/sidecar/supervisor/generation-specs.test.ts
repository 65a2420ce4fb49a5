/** An upgrade takes the entry of mesh.yaml that it was asked with; until it settles, the former entry holds. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { FakeBootstrap } from '../../fakes/fake-envoys.ts';
import { FAKE_SPEC } from '../../fakes/fake-sidecar-lab.ts';
import { SupervisorStage } from './supervisor-stage.ts';

const NEW_ADMIN = '/run/weir/main/new.sock';
const NEW_SPEC = { ...FAKE_SPEC, admin: { kind: 'unix', path: NEW_ADMIN }, drainMs: 4_000 } as const;

/** A live sidecar whose entry in mesh.yaml has another admin address now, and a bootstrap that fits it. */
async function withNewAdmin(change: Partial<FakeBootstrap> = {}): Promise<SupervisorStage> {
  const stage = await SupervisorStage.live();
  stage.spec = NEW_SPEC;
  stage.changeBootstrap({ admin: `unix:${NEW_ADMIN}`, ...change });
  return stage;
}

/** The sidecar is asked where it is, is found ready, and its leases are renewed. */
async function assertAsked(stage: SupervisorStage): Promise<void> {
  const before = stage.interception.ready;
  await stage.clock.pass(5_000);
  assert.deepEqual(stage.supervisor.readiness, { state: 'ready' });
  assert.deepEqual(stage.interception.unready, []);
  assert.ok(stage.interception.ready > before, 'leases are renewed');
}

describe('the entry of mesh.yaml that a sidecar runs by', () => {
  test('stays the former one after an upgrade that is refused', async () => {
    const stage = await withNewAdmin({ invalid: 'no such field' });
    const { outcome, reason } = await stage.upgrade();
    assert.equal(outcome, 'refused');
    assert.match(reason, /no such field/);
    assert.deepEqual(stage.supervisor.specs.settled, FAKE_SPEC);
    await assertAsked(stage);
  });

  test('stays the former one after a dry run', async () => {
    const stage = await withNewAdmin();
    assert.equal((await stage.upgrade({ dryRun: true })).outcome, 'dry-run');
    assert.deepEqual(stage.supervisor.specs.settled, FAKE_SPEC);
    await assertAsked(stage);
  });

  test('stays the former one after an upgrade that fails or is aborted', async () => {
    for (const start of ['exits', 'hangs'] as const) {
      const stage = await withNewAdmin({ start });
      const report = stage.ask();
      await stage.untilState('initializing', 'aborting');
      if (start === 'hangs') void stage.requests.abort();
      await stage.untilState('idle');
      assert.equal((await report).outcome, 'aborted');
      assert.deepEqual(stage.supervisor.specs.settled, FAKE_SPEC);
    }
  });

  test('becomes the new one when the upgrade settles', async () => {
    const stage = await withNewAdmin();
    assert.equal((await stage.upgrade()).outcome, 'settled');
    assert.deepEqual(stage.supervisor.specs.settled, NEW_SPEC);
    assert.deepEqual((await stage.requests.status()).state, 'live');
    await assertAsked(stage);
  });

  test('is not touched by the drain time of one upgrade', async () => {
    const stage = await SupervisorStage.live();
    await stage.upgrade({ force: true, drainMs: 1_000 });
    assert.equal(stage.serving?.launch.drainMs, 1_000);
    assert.equal(stage.supervisor.specs.settled.drainMs, FAKE_SPEC.drainMs);
  });

  test('is found again by a new supervisor, whatever mesh.yaml says by then', async () => {
    const stage = await withNewAdmin();
    stage.die();
    await stage.restart();
    assert.deepEqual(stage.supervisor.specs.settled, FAKE_SPEC);
    await assertAsked(stage);
  });

  test('is the former one again on the way back from a new one that dies after the hand-over', async () => {
    for (const supervisorDies of [false, true]) {
      const stage = await withNewAdmin();
      stage.connect();
      const report = stage.ask();
      await stage.untilState('draining');
      killNewest(stage);
      await stage.clock.until('its replacement', () => stage.host.envoys.all.length === 3);
      // The replacement dies as well, with or without a supervisor that sees it.
      if (supervisorDies) stage.die();
      killNewest(stage);
      if (supervisorDies) await stage.restart();
      await stage.untilState('idle');
      if (!supervisorDies) assert.equal((await report).outcome, 'rolled-back');
      assert.deepEqual(stage.supervisor.specs.settled.admin, FAKE_SPEC.admin);
      assert.deepEqual(stage.serving?.launch.spec?.admin, FAKE_SPEC.admin);
      await assertAsked(stage);
    }
  });

  test('is that of mesh.yaml when nothing runs, also for a pair that was settled before', async () => {
    const stage = await SupervisorStage.live();
    const stopped = stage.requests.stop(0);
    await stage.untilState('stopped');
    await stopped;
    stage.spec = { ...FAKE_SPEC, concurrency: 4 };
    await stage.restart();
    await stage.untilState('idle');
    assert.equal(stage.serving?.launch.concurrency, 4);
  });
});

function killNewest(stage: SupervisorStage): void {
  const newest = stage.host.envoys.living.at(-1);
  if (newest !== undefined) stage.host.envoys.end(newest, 'signal 9');
}
