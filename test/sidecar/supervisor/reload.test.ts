/** SIGHUP while the sidecar is busy: one upgrade follows, for any number of signals. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Reload } from '../../../src/sidecar/supervisor/reload.ts';
import { SupervisorStage } from './supervisor-stage.ts';

/** A live sidecar whose signals reach it as those of a supervisor do. */
async function withReload(): Promise<{ stage: SupervisorStage; reload: Reload }> {
  const stage = await SupervisorStage.live();
  const reload = new Reload(stage.requests, (text) => stage.supervisor.warn(text));
  stage.onEachState = () => reload.goOn();
  return { stage, reload };
}

test('the signal upgrades to the files in place', async () => {
  const { stage, reload } = await withReload();
  stage.changeBootstrap({ hasAccessLog: false });
  reload.ask();
  await stage.clock.until('the report', () => stage.reports.length === 1);
  assert.equal(stage.reports[0]?.outcome, 'settled');
  reload.ask();
  await stage.clock.pass(1_000);
  assert.equal(stage.reports.length, 1, 'nothing is new: nothing to do');
});

test('signals while an upgrade drains are one upgrade after it, with what is in place by then', async () => {
  const { stage, reload } = await withReload();
  stage.connect();
  const first = stage.ask({ force: true });
  await stage.untilState('draining');
  for (let time = 0; time < 20; time++) reload.ask();
  stage.changeBootstrap({ listeners: ['127.0.0.1:15001', '127.0.0.1:15009'] });
  await stage.clock.until('both reports', () => stage.reports.length === 2);
  assert.equal((await first).outcome, 'settled');
  assert.deepEqual(stage.serving?.listening, ['127.0.0.1:15001', '127.0.0.1:15009']);
  assert.deepEqual(
    stage.warnings.filter((text) => text.startsWith('busy')),
    ['busy: the upgrade that SIGHUP asks for follows when this is over'],
  );
});

test('a signal whose files are wrong is a warning, and is not remembered', async () => {
  const { stage, reload } = await withReload();
  stage.spec = { ...stage.spec, binary: '/nowhere' };
  reload.ask();
  await stage.clock.pass(5_000);
  assert.deepEqual(stage.warnings, ['there is no /nowhere']);
});

test('a signal to a sidecar that is being stopped starts nothing', async () => {
  const { stage, reload } = await withReload();
  stage.connect();
  void stage.requests.stop(3_000);
  await stage.untilState('stopping');
  reload.ask();
  await stage.untilState('stopped');
  await stage.clock.pass(5_000);
  assert.equal(stage.host.envoys.all.length, 1);
});
