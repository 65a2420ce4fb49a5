/** A host that will not let the supervisor look (EMFILE, EACCES): it holds what it has and warns, and looks again. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { SupervisorStage } from './supervisor-stage.ts';

const EMFILE = new Error('EMFILE: too many open files');

const EACCES = Object.assign(new Error('EACCES: permission denied'), { code: 'EACCES' });

describe('a supervisor that cannot look', () => {
  test('at the sockets of its Envoy, which belongs to another account, has a status without their number', async () => {
    const stage = await SupervisorStage.live();
    stage.fail('activeConnections', EACCES);
    assert.deepEqual((await stage.requests.status()).connections, { active: null });
    stage.fail('activeConnections', EMFILE);
    await assert.rejects(stage.requests.status(), EMFILE);
  });

  test('whether its Envoy lives, starts no second one and bypasses nothing', async () => {
    const stage = await SupervisorStage.live();
    stage.fail('isAlive', EMFILE);
    await stage.clock.pass(10_000);
    assert.deepEqual(stage.warnings, ['cannot tell whether Envoy lives: EMFILE: too many open files']);
    assert.equal(stage.supervisor.machine.state.name, 'idle');
    assert.equal(stage.interception.isBypassed, false);
    assert.equal(stage.host.envoys.all.length, 1);
  });

  test('while its Envoy dies, learns of it when it can look again', async () => {
    const stage = await SupervisorStage.live();
    stage.fail('isAlive', EMFILE);
    const [envoy] = stage.host.envoys.living;
    assert.ok(envoy !== undefined);
    stage.host.envoys.end(envoy, 'signal 9');
    await stage.clock.pass(2_000);
    assert.equal(stage.host.envoys.all.length, 1);
    stage.fail('isAlive', null);
    await stage.clock.until('another one to serve', () => stage.serving !== null);
    await stage.untilState('idle');
  });

  test('who else listens when a process ends, tells the machine once it can', async () => {
    const stage = await SupervisorStage.live();
    stage.connect();
    const report = stage.ask({ force: true });
    await stage.untilState('draining');
    stage.fail('listeners', EMFILE);
    const [old] = stage.host.envoys.living;
    assert.ok(old !== undefined);
    stage.host.envoys.end(old, 'signal 11');
    await stage.clock.pass(2_000);
    assert.equal(stage.supervisor.machine.state.name, 'draining', 'not told yet');
    stage.fail('listeners', null);
    await stage.untilState('idle');
    assert.equal((await report).outcome, 'settled');
  });

  test('at what runs already, does not begin', async () => {
    const stage = await SupervisorStage.live();
    stage.die();
    stage.fail('findProcesses', EMFILE);
    await assert.rejects(stage.restart(), EMFILE);
    assert.equal(stage.host.envoys.all.length, 1, 'no cold start beside the living one');
    stage.fail('findProcesses', null);
    await stage.restart();
    await stage.untilState('idle');
  });

  test('at the start of an Envoy, goes on asking', async () => {
    const stage = new SupervisorStage();
    stage.fail('info', EMFILE);
    await stage.start();
    await stage.clock.pass(3_000);
    assert.equal(stage.supervisor.machine.state.name, 'starting');
    stage.fail('info', null);
    await stage.untilState('idle');
    assert.deepEqual(stage.warnings, ['the start cannot be followed: EMFILE: too many open files']);
  });

  test('at the listeners before an upgrade, refuses it', async () => {
    const stage = await SupervisorStage.live();
    stage.fail('listeners', EMFILE);
    const { outcome, reason } = await stage.upgrade({ force: true });
    assert.deepEqual(
      [outcome, reason],
      ['refused', 'the listeners of the serving process cannot be read: EMFILE: too many open files'],
    );
    stage.fail('listeners', null);
    assert.equal((await stage.upgrade({ force: true })).outcome, 'settled');
  });

  test('at the facts of the checks, refuses the upgrade', async () => {
    const stage = await SupervisorStage.live();
    stage.fail('preflightFacts', EMFILE);
    const { outcome, reason } = await stage.upgrade({ force: true });
    assert.deepEqual([outcome, reason], ['refused', 'the checks failed: EMFILE: too many open files']);
  });

  test('at the hand-over, looks again before it calls the upgrade settled', async () => {
    const stage = await SupervisorStage.live();
    stage.onState('handover', () => stage.fail('listeners', EMFILE));
    stage.onState('draining', () => stage.fail('listeners', null));
    const { outcome, warnings } = await stage.upgrade({ force: true });
    assert.equal(outcome, 'settled');
    assert.deepEqual(warnings, ['the hand-over cannot be looked at: EMFILE: too many open files']);
  });

  test('at the hand-over nor at its end, says so in the report', async () => {
    const stage = await SupervisorStage.live();
    stage.onState('handover', () => stage.fail('lookAtListeners', EMFILE));
    const { outcome, warnings } = await stage.upgrade({ force: true });
    assert.equal(outcome, 'settled');
    assert.match(warnings.join(), /could not be looked at, at the hand-over nor at the end/);
  });

  test('at the hand-over, and finds at its end that the new process does not listen, goes back', async () => {
    const stage = await SupervisorStage.live();
    const looks = (error: Error | null) => {
      for (const method of ['listeners', 'lookAtListeners']) stage.fail(method, error);
    };
    stage.onState('handover', () => {
      looks(EMFILE);
      const fresh = stage.host.envoys.living.at(-1);
      if (fresh !== undefined) fresh.listening = [];
    });
    stage.onState('ending', () => looks(null));
    const { outcome, reason } = await stage.upgrade({ binary: '/opt/envoy/1.40.0' });
    assert.equal(outcome, 'rolled-back');
    assert.match(reason, /does not listen on 127\.0\.0\.1:15001/);
    assert.equal(stage.serving?.version, '1.39.3');
  });

  test('at the drain, gives the old connections their whole time', async () => {
    const stage = await SupervisorStage.live();
    stage.fail('trackDrain', EMFILE);
    const { outcome, states, warnings } = await stage.upgrade({ force: true });
    assert.equal(outcome, 'settled');
    assert.ok((states.at(-1)?.atMs ?? 0) >= 15_000);
    assert.deepEqual(warnings, ['the drain cannot be followed: EMFILE: too many open files']);
  });

  test('whether the sidecar is ready, neither renews nor lets anything lapse, and warns once', async () => {
    const stage = await SupervisorStage.live();
    await stage.clock.pass(1_000);
    stage.fail('ready', EMFILE);
    const { ready } = stage.interception;
    await stage.clock.pass(5_000);
    assert.equal(stage.interception.ready, ready);
    assert.deepEqual(stage.interception.unready, []);
    assert.deepEqual(stage.warnings, ['interception: EMFILE: too many open files']);
    assert.deepEqual(stage.supervisor.readiness, { state: 'ready' });
  });

  test('which Envoy is live, tells that it is all the same', async () => {
    const stage = new SupervisorStage();
    stage.fail('launchOf', EMFILE);
    await stage.start();
    await stage.untilState('idle');
    await stage.clock.pass(10);
    const live = stage.events.find(({ event }) => event === 'live');
    assert.equal(live?.text, 'main is live: Envoy 1.39.3, epoch 0, pid ?');
  });

  test('when the interception fails, warns once a row and goes on', async () => {
    const stage = await SupervisorStage.live();
    stage.fail('interception.whileReady', new Error('nft: Operation not permitted'));
    await stage.clock.pass(5_000);
    stage.fail('interception.whileReady', null);
    await stage.clock.pass(1_000);
    stage.fail('interception.whileReady', new Error('nft: Operation not permitted'));
    await stage.clock.pass(1_000);
    const warning = 'interception: nft: Operation not permitted';
    assert.deepEqual(stage.warnings, [warning, warning]);
  });
});
