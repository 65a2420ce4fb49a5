/** The gate of an upgrade: the check before any notice, the bake after the old process has ended, the rollback. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { SidecarCheck } from '../../../src/mesh/mesh-config.ts';
import type { UpgradeReport } from '../../../src/sidecar/machine/upgrade-report.ts';
import type { FakeConnection } from '../../fakes/fake-envoys.ts';
import { fakeBootstrap } from '../../fakes/fake-sidecar-lab.ts';
import { LISTENER, SupervisorStage } from './supervisor-stage.ts';

const CHECK: SidecarCheck = { kind: 'http', url: 'http://127.0.0.1:15001/health' };
const NEW = '/opt/envoy/1.40.0';

/** The former pair serves again, what drains was not cut, and the report says why. */
async function wentBack(
  stage: SupervisorStage,
  {
    open,
    report,
    why,
  }: { readonly open: FakeConnection; readonly report: Promise<UpgradeReport>; readonly why: RegExp },
): Promise<void> {
  await stage.clock.until('the former pair to serve', () => stage.serving?.version === '1.39.3');
  assert.equal(open.isOpen, true);
  open.isOpen = false;
  await stage.untilState('idle');
  const { outcome, reason, connections } = await report;
  assert.deepEqual([outcome, connections.cut], ['rolled-back', 0]);
  assert.match(reason, why);
}

describe('the gate of an upgrade', () => {
  test('a check that fails brings the former pair back before an SDK is told; what drains goes on', async () => {
    const stage = await SupervisorStage.live();
    const open = stage.connect(1);
    stage.host.checkProblem = 'it answered 503';
    const report = stage.ask({ binary: NEW, check: CHECK });
    await stage.untilState('emergency');
    await wentBack(stage, { open, report, why: /check of the new process failed: it answered 503/ });
    assert.deepEqual(stage.host.told, []);
    assert.equal(stage.interception.isBypassed, false);
  });

  test('a check that holds lets the upgrade go on', async () => {
    const stage = await SupervisorStage.live();
    const { outcome, states } = await stage.upgrade({ binary: NEW, check: CHECK });
    assert.equal(outcome, 'settled');
    assert.ok(states.some(({ state }) => state === 'CHECKING'));
  });

  test('mesh.yaml names the gate where the request does not', async () => {
    const stage = await SupervisorStage.live();
    stage.spec = { ...stage.spec, check: CHECK, bakeMs: 30_000 };
    const { outcome, states } = await stage.upgrade({ binary: NEW });
    assert.equal(outcome, 'settled');
    const names = states.map(({ state }) => state);
    assert.ok(names.includes('CHECKING') && names.includes('BAKING'), names.join());
  });

  test('a bake of good answers settles, and moves the pointers only then', async () => {
    const stage = await SupervisorStage.live();
    const report = stage.ask({ binary: NEW, bakeMs: 60_000 });
    await stage.untilState('baking');
    stage.host.answers = { completed: 1000, failed: 3 };
    assert.equal((await stage.host.pairs.pointers()).previous, null);
    await stage.untilState('idle');
    assert.equal((await report).outcome, 'settled');
    assert.notEqual((await stage.host.pairs.pointers()).previous, null);
  });

  test('when no Envoy can be started for the way back either, the report says that none serves', async () => {
    const stage = await SupervisorStage.live();
    stage.host.answers = { completed: 1000, failed: 10 };
    const report = stage.ask({ binary: NEW, bakeMs: 60_000 });
    await stage.untilState('baking');
    await stage.clock.pass(1500);
    stage.fail('spawn', new Error('EMFILE'));
    stage.host.answers = { completed: 1100, failed: 110 };
    await stage.untilState('down');
    const { outcome, served } = await report;
    assert.deepEqual([outcome, served, stage.serving], ['emergency', false, null]);
  });

  test('a bake of failed answers goes back by a hot upgrade', async () => {
    const stage = await SupervisorStage.live();
    stage.host.answers = { completed: 1000, failed: 10 };
    const report = stage.ask({ binary: NEW, bakeMs: 60_000 });
    await stage.untilState('baking');
    await stage.clock.pass(1500);
    stage.host.answers = { completed: 1100, failed: 110 };
    await stage.untilState('idle');
    const { outcome, reason, warnings } = await report;
    assert.equal(outcome, 'rolled-back', warnings.join());
    assert.match(reason, /100 % of 100 answers/);
    assert.equal(stage.serving?.version, '1.39.3');
    // By a hot upgrade: never was there nobody who accepted.
    assert.equal(stage.interception.changes.filter((change) => change.startsWith('direct')).length, 1);
  });

  test('a version that fails while the old one drains is left at once, and what drains goes on', async () => {
    const stage = await SupervisorStage.live();
    stage.host.answers = { completed: 1000, failed: 10 };
    const open = stage.connect(1);
    const report = stage.ask({ binary: NEW, bakeMs: 60_000, drainMs: 600_000 });
    await stage.untilState('draining');
    await stage.clock.pass(1500);
    // The answers of the parent come in one lump, and hide what the child itself has failed before.
    stage.host.answers = { completed: 101_000, failed: 10 };
    await stage.clock.pass(2500);
    stage.host.answers = { completed: 101_050, failed: 60 };
    await wentBack(stage, { open, report, why: /100 % of 50 answers/ });
  });

  test('a version that takes more memory than it may is left; a look that fails is no reason', async () => {
    const stage = await SupervisorStage.live();
    const report = stage.ask({ binary: NEW, bakeMs: 60_000, bakeBytes: 100 * 2 ** 20 });
    const open = stage.connect();
    await stage.untilState('draining');
    const [, next] = stage.host.envoys.living;
    assert.ok(next !== undefined);
    next.anonymousBytes = 300 * 2 ** 20;
    await stage.clock.pass(2000);
    assert.equal(stage.supervisor.machine.state.name, 'draining');
    next.anonymousBytes = 15 * 2 ** 20;
    open.isOpen = false;
    await stage.untilState('baking');
    stage.fail('anonymousBytes', new Error('EMFILE'));
    await stage.clock.pass(5000);
    stage.fail('anonymousBytes', null);
    await stage.clock.pass(5000);
    assert.equal(stage.supervisor.machine.state.name, 'baking');
    const { serving } = stage;
    assert.ok(serving !== null);
    serving.anonymousBytes = 212 * 2 ** 20;
    await stage.untilState('idle');
    const { outcome, reason } = await report;
    assert.equal(outcome, 'rolled-back');
    assert.equal(reason, 'the new process has taken 212 MiB of memory, more than 100 MiB');
    assert.equal(stage.serving?.version, '1.39.3');
  });

  test('a process that crashes while it is watched is left for the former pair', async () => {
    const stage = await SupervisorStage.live();
    const report = stage.ask({ binary: NEW, bakeMs: 60_000 });
    await stage.untilState('baking');
    await stage.clock.pass(12_000);
    const { serving } = stage;
    assert.ok(serving !== null);
    stage.host.envoys.end(serving, 'signal 11, Segmentation fault');
    await stage.untilState('idle');
    const { outcome, reason } = await report;
    assert.equal(outcome, 'rolled-back');
    assert.match(reason, /Segmentation fault/);
    assert.equal(stage.serving?.version, '1.39.3');
    const { crash } = await stage.requests.status();
    assert.match(String(crash?.detail), /Segmentation fault/);
  });

  test('a bake goes on under a new supervisor', async () => {
    const stage = await SupervisorStage.live();
    void stage.ask({ binary: NEW, bakeMs: 60_000 });
    await stage.untilState('baking');
    await stage.clock.pass(100);
    stage.die();
    await stage.restart();
    assert.equal(stage.supervisor.machine.state.name, 'baking');
    const { serving } = stage;
    assert.ok(serving !== null);
    stage.host.envoys.end(serving, 'signal 9');
    await stage.untilState('idle');
    assert.equal(stage.reports.at(-1)?.outcome, 'rolled-back');
    assert.equal(stage.serving?.version, '1.39.3');
  });
});

describe('rollback --now', () => {
  test('ends a drain, counts what it cuts, and is the good end for whoever asked', async () => {
    const stage = await SupervisorStage.live();
    const open = stage.connect(1);
    const report = stage.ask({ binary: NEW, drainMs: 600_000 });
    await stage.untilState('draining');
    await stage.clock.pass(1000);
    const back = await stage.upgrade({ rollback: true, now: true, actor: 'alice', note: 'ticket 7' });
    assert.equal(back.outcome, 'settled');
    assert.equal(open.isOpen, false);
    const { outcome, reason, connections, requests } = await report;
    assert.deepEqual([outcome, connections.cut, requests.cut], ['rolled-back', 1, 1]);
    assert.equal(reason, 'rolled back by alice: ticket 7');
    assert.equal(stage.serving?.version, '1.39.3');
  });

  test('before the hand-over it aborts', async () => {
    const stage = await SupervisorStage.live();
    stage.changeBootstrap({ start: 'hangs' });
    const report = stage.ask({ binary: NEW });
    await stage.untilState('initializing');
    const back = await stage.upgrade({ rollback: true, now: true });
    assert.equal(back.outcome, 'settled');
    assert.equal((await report).outcome, 'aborted');
  });

  test('goes back also when listeners came since, or the workers changed', async () => {
    const stage = await SupervisorStage.live();
    stage.changeBootstrap({ listeners: ['127.0.0.1:15001', '127.0.0.1:15002'] });
    assert.equal((await stage.upgrade()).outcome, 'settled');
    assert.equal((await stage.upgrade({ rollback: true })).outcome, 'settled');
    assert.deepEqual(stage.serving?.listening, ['127.0.0.1:15001']);
  });

  test('a listener is left only where that was accepted', async () => {
    const stage = await SupervisorStage.live();
    stage.changeBootstrap({ listeners: ['127.0.0.1:15002'] });
    const refused = await stage.upgrade();
    assert.equal(refused.outcome, 'refused');
    assert.match(refused.reason, /--accept-risk drop-listener/);
    assert.equal((await stage.upgrade({ accept: ['drop-listener'] })).outcome, 'settled');
  });
});

describe('what an upgrade says of itself', () => {
  test('a bootstrap alone keeps the binary that serves, with a warning', async () => {
    const stage = await SupervisorStage.live();
    await stage.upgrade({ binary: NEW });
    stage.host.bootstraps.set('/etc/other.yaml', fakeBootstrap({ hasAccessLog: false }));
    const { to, warnings } = await stage.upgrade({ bootstrap: '/etc/other.yaml' });
    assert.equal(to.version, '1.40.0');
    assert.match(warnings.join(), /the binary that serves is kept \(Envoy 1\.40\.0\)/);
  });

  test('who asked and why, and which files, stand in the history', async () => {
    const stage = await SupervisorStage.live();
    await stage.upgrade({ binary: NEW, actor: 'alice', note: 'ticket 7' });
    const [report] = stage.reports;
    assert.deepEqual([report?.actor, report?.note], ['alice', 'ticket 7']);
    assert.match(String(report?.to.binarySha256), /^[0-9a-f]{64}$/);
  });

  test('other arguments in mesh.yaml are a change, though the files are the same', async () => {
    const stage = await SupervisorStage.live();
    stage.spec = { ...stage.spec, args: ['--service-node', 'a'] };
    assert.equal((await stage.upgrade()).outcome, 'settled');
    assert.equal((await stage.upgrade()).outcome, 'unchanged');
  });

  test('a binary with another SHA-256 than mesh.yaml names is refused', async () => {
    const stage = await SupervisorStage.live();
    stage.spec = { ...stage.spec, sha256: 'f'.repeat(64) };
    await assert.rejects(stage.upgrade({ force: true }), { code: 'WEIR4003' });
  });

  test('what the crash of the old process cut is not called zero', async () => {
    const stage = await SupervisorStage.live();
    stage.connect(1);
    const report = stage.ask({ binary: NEW });
    await stage.untilState('draining');
    await stage.clock.pass(500);
    const [old] = stage.host.envoys.living;
    assert.ok(old !== undefined);
    stage.host.envoys.end(old, 'signal 11');
    await stage.untilState('idle');
    const { connections, requests } = await report;
    assert.deepEqual([connections.cut, requests.cut], [1, null]);
  });
});

test('a sidecar does not start beside another process on its addresses', async () => {
  const stage = new SupervisorStage();
  stage.host.foreign = ['127.0.0.1:15001: envoy (pid 12)'];
  await assert.rejects(stage.start(), { code: 'WEIR4014' });
  assert.deepEqual(stage.host.envoys.all, []);
});

describe('a process that serves without its listeners', () => {
  test('is bypassed, renews no lease, is called failed, and is replaced beside the connections that it has', async () => {
    const stage = await SupervisorStage.live();
    const open = stage.connect(1);
    const { serving } = stage;
    assert.ok(serving !== null);
    await stage.clock.pass(1000);
    serving.listening = [];
    const { ready } = stage.interception;
    await stage.clock.until('the bypass', () => stage.interception.isBypassed);
    assert.equal(stage.interception.ready, ready);
    assert.match(
      String(stage.interception.changes.at(-1)),
      /direct: the sidecar no longer listens on 127\.0\.0\.1:15001/,
    );
    await stage.clock.until('another one to serve', () => stage.serving !== null);
    assert.equal(open.isOpen, true);
    open.isOpen = false;
    await stage.untilState('idle');
    assert.equal(stage.interception.isBypassed, false);
    assert.equal((await stage.requests.status()).state, 'live');
  });

  test('is bypassed within a third of a second, and nothing more is done before it has lasted', async () => {
    const stage = await SupervisorStage.live();
    const { serving } = stage;
    assert.ok(serving !== null);
    await stage.clock.pass(1050);
    const lostAt = stage.clock.monotonic();
    serving.listening = [];
    await stage.clock.until('the bypass', () => stage.interception.isBypassed);
    assert.ok(stage.clock.monotonic() - lostAt <= 333, `${stage.clock.monotonic() - lostAt} ms`);
    await stage.clock.pass(300);
    assert.equal(stage.supervisor.machine.state.name, 'idle');
    serving.listening = [LISTENER];
    await stage.clock.until('the end of the bypass', () => !stage.interception.isBypassed);
    await stage.clock.pass(3000);
    assert.equal(stage.host.envoys.all.length, 1, 'nobody was replaced');
  });

  test('for a moment is no reason to leave a new version that is being watched', async () => {
    const stage = await SupervisorStage.live();
    const report = stage.ask({ binary: '/opt/envoy/1.40.0', bakeMs: 5000 });
    await stage.untilState('baking');
    const { serving } = stage;
    assert.ok(serving !== null);
    serving.listening = [];
    await stage.clock.until('the bypass', () => stage.interception.isBypassed);
    serving.listening = [LISTENER];
    await stage.untilState('idle');
    assert.equal((await report).outcome, 'settled');
    assert.equal(stage.interception.isBypassed, false);
  });

  test('at the hand-over, and nobody else has any, is bypassed long before that look ends', async () => {
    const stage = await SupervisorStage.live();
    let at = 0;
    stage.onState('handover', () => {
      at = stage.clock.monotonic();
      for (const envoy of stage.host.envoys.living) envoy.listening = [];
    });
    const report = stage.ask({ binary: '/opt/envoy/1.40.0' });
    await stage.untilState('handover');
    await stage.clock.until('the bypass', () => stage.interception.isBypassed);
    assert.ok(stage.clock.monotonic() - at < 333, `${stage.clock.monotonic() - at} ms`);
    assert.equal(stage.supervisor.machine.state.name, 'handover');
    await stage.untilState('idle');
    assert.equal((await report).outcome, 'rolled-back');
    assert.equal(stage.interception.isBypassed, false);
  });

  /** Counts the looks at all sockets of the host from now on. */
  function countLooks({ host }: SupervisorStage): () => number {
    let looks = 0;
    const look = host.lookAtListeners.bind(host);
    host.lookAtListeners = (...args) => {
      looks += 1;
      return look(...args);
    };
    return () => looks;
  }

  test('is looked for among all sockets of the host every two seconds while it holds its own, else at every look', async () => {
    const stage = await SupervisorStage.live();
    await stage.clock.pass(3000);
    const looks = countLooks(stage);
    await stage.clock.pass(20_000);
    assert.ok(looks() >= 8 && looks() <= 10, `${looks()} looks`);
    const before = looks();
    stage.host.hasClosedListener = () => null;
    await stage.clock.pass(20_000);
    assert.ok(looks() - before > 40, `${looks() - before} looks`);
  });

  test('is bypassed after seconds also where its sockets stay open and only listen no more', async () => {
    const stage = await SupervisorStage.live();
    const { serving } = stage;
    assert.ok(serving !== null);
    await stage.clock.pass(3000);
    stage.host.hasClosedListener = () => false;
    serving.listening = [];
    const lostAt = stage.clock.monotonic();
    await stage.clock.until('the bypass', () => stage.interception.isBypassed);
    assert.ok(stage.clock.monotonic() - lostAt <= 3000, `${stage.clock.monotonic() - lostAt} ms`);
  });

  test('is no reason to do anything when its sockets may not be looked at', async () => {
    const stage = await SupervisorStage.live();
    stage.fail('lookAtListeners', new Error('EMFILE: too many open files'));
    await stage.clock.pass(5000);
    assert.equal(stage.interception.isBypassed, false);
    assert.equal(stage.host.envoys.all.length, 1);
    assert.deepEqual(stage.warnings, ['the listeners cannot be looked at: EMFILE: too many open files']);
  });
});
