/** The life of a supervised sidecar: start, crash, upgrade, stop, and what its operator hears of it. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { crashHistory } from '../../../src/sidecar/machine/upgrade-history.ts';
import type { UpgradeProgressEvent } from '../../../src/sidecar/machine/upgrade-report.ts';
import { controlHandlers } from '../../../src/sidecar/supervisor/serve-requests.ts';
import { SupervisorProcess } from '../../../src/sidecar/supervisor/supervisor-process.ts';
import { FAKE_SPEC, fakeBootstrap } from '../../fakes/fake-sidecar-lab.ts';
import { ASKED, LISTENER, SupervisorStage } from './supervisor-stage.ts';

const MORE = '127.0.0.1:15002';

describe('a supervisor', () => {
  test('starts what is settled, sends traffic direct until it is live, and says so once', async () => {
    const stage = new SupervisorStage();
    await stage.start();
    assert.equal(stage.interception.isBypassed, true);
    await stage.untilState('idle');
    assert.deepEqual(stage.interception.changes, [
      'direct: the sidecar is being started',
      'diverted: the sidecar is live',
    ]);
    const live = stage.events.filter(({ event }) => event === 'live');
    assert.deepEqual(live, [
      { event: 'live', text: 'main is live: Envoy 1.39.3, epoch 0, pid 101', epoch: 0, pid: 101, version: '1.39.3' },
    ]);
    assert.deepEqual(await stage.host.pairs.pointers(), {
      current: stage.serving?.launch.generation.pair,
      previous: null,
    });
  });

  test('renews leases while the sidecar is ready, and not while it is stopped', async () => {
    const stage = await SupervisorStage.live();
    await stage.clock.pass(2_000);
    assert.ok(stage.interception.ready >= 4);
    const [envoy] = stage.host.envoys.living;
    assert.ok(envoy !== undefined);
    stage.host.envoys.signal(envoy, 'SIGSTOP');
    await stage.clock.pass(1_000);
    const frozen = await stage.requests.status();
    assert.deepEqual([frozen.state, frozen.detail], ['frozen', 'its process is stopped (SIGSTOP)']);
    const { ready } = stage.interception;
    await stage.clock.pass(1_000);
    assert.equal(stage.interception.ready, ready);
    assert.equal(stage.interception.unready[0], 'main is frozen: its process is stopped (SIGSTOP)');
    stage.host.envoys.signal(envoy, 'SIGCONT');
    await stage.clock.pass(1_000);
    assert.deepEqual(stage.supervisor.readiness, { state: 'ready' });
    // As after `/healthcheck/fail` on its admin: it answers, and not that it is ready.
    envoy.stage = 'draining';
    await stage.clock.pass(1_000);
    assert.match(stage.interception.unready.at(-1) ?? '', /^main is not ready: .* answered 503: DRAINING$/);
    const failing = await stage.requests.status();
    assert.deepEqual([failing.state, /answered 503/.test(failing.detail ?? '')], ['failed', true]);
  });

  test('does not say of a process that took over what the dead one answered last', async () => {
    const stage = await SupervisorStage.live();
    const [envoy] = stage.host.envoys.living;
    assert.ok(envoy !== undefined);
    stage.host.envoys.signal(envoy, 'SIGSTOP');
    await stage.clock.pass(1_000);
    assert.equal((await stage.requests.status()).state, 'frozen');
    stage.host.envoys.end(envoy, 'signal 9');
    await stage.clock.until('the next process is live', () => {
      const { state } = stage.supervisor.machine;
      return state.name === 'idle' && state.serving.id !== envoy.launch.generation.id;
    });
    const { state, detail } = await stage.requests.status();
    assert.deepEqual([state, detail], ['live', null]);
  });

  test('says of a process that it adopts what that answered, and nothing before', async () => {
    const stage = await SupervisorStage.live();
    const [envoy] = stage.host.envoys.living;
    assert.ok(envoy !== undefined);
    stage.host.envoys.signal(envoy, 'SIGSTOP');
    stage.die();
    await stage.restart();
    assert.equal((await stage.requests.status()).state, 'frozen');
    stage.host.envoys.signal(envoy, 'SIGCONT');
    stage.die();
    stage.fail('ready', new Error('EMFILE: too many open files'));
    await stage.restart();
    const { state, detail } = await stage.requests.status();
    assert.deepEqual([state, detail], ['starting', 'its supervisor has not been able to ask it whether it is ready']);
    stage.fail('ready', null);
    await stage.clock.pass(1_000);
    assert.equal((await stage.requests.status()).state, 'live');
  });

  test('starts a process again that ends, at once first, and ever later when it goes on ending', async () => {
    const stage = await SupervisorStage.live();
    await stage.clock.pass(20_000);
    const starts: number[] = [];
    stage.changeBootstrap({});
    for (let crash = 0; crash < 6; crash++) {
      const [envoy] = stage.host.envoys.living;
      assert.ok(envoy !== undefined);
      const died = stage.clock.monotonic();
      stage.host.envoys.end(envoy, 'signal 11');
      await stage.clock.until('the next start', () => stage.host.envoys.living.length === 1);
      starts.push(Math.round((stage.clock.monotonic() - died) / 100) * 100);
      await stage.untilState('idle');
    }
    assert.deepEqual(starts, [0, 500, 1_000, 2_000, 4_000, 8_000]);
    assert.equal(stage.interception.isBypassed, false);
  });

  test('bypasses before it has found out how the last process ended', async () => {
    const stage = await SupervisorStage.live();
    stage.fail('exitDetail', new Error('the disk is slow'));
    const [envoy] = stage.host.envoys.living;
    assert.ok(envoy !== undefined);
    stage.host.envoys.end(envoy, 'signal 11');
    await stage.untilState('idle');
    assert.deepEqual(stage.interception.changes.slice(2, 4), [
      'direct: the sidecar has ended',
      'direct: the sidecar has ended',
    ]);
  });

  test('writes how a process ended into the history when it learns it, also long after the crash', async () => {
    const stage = await SupervisorStage.live();
    stage.fail('exitDetail', new Error('its keeper has not said it'));
    const [envoy] = stage.host.envoys.living;
    assert.ok(envoy !== undefined);
    stage.host.envoys.end(envoy, 'signal 11');
    await stage.untilState('idle');
    assert.equal(crashHistory(stage.host.entries).at(-1)?.detail, 'ended');
    await stage.clock.pass(20_000);
    stage.fail('exitDetail', null);
    await stage.clock.pass(1_000);
    assert.equal(crashHistory(stage.host.entries).at(-1)?.detail, 'signal 11');
    assert.deepEqual(stage.warnings, ['how the Envoy ended of which that was not known: signal 11']);
    assert.equal((await stage.requests.status()).crash?.detail, 'signal 11');
  });

  test('shows no dry run as its last upgrade, whichever way it ended', async () => {
    const stage = await SupervisorStage.live();
    const settled = await stage.upgrade({ force: true });
    await stage.upgrade({ dryRun: true });
    stage.changeBootstrap({ invalid: 'no such cluster' });
    const refused = await stage.upgrade({ dryRun: true });
    assert.deepEqual([refused.outcome, refused.dryRun], ['refused', true]);
    const { last } = await stage.requests.status();
    assert.deepEqual(last, { outcome: 'settled', at: settled.at, to: settled.to });
    assert.equal(stage.reports.length, 3, 'the history has all');
  });

  test('does not begin an upgrade whose asker went away while its files were being stored', async () => {
    const stage = await SupervisorStage.live();
    const asker = new AbortController();
    const asked = stage.requests.upgrade({ ...ASKED, force: true }, () => {}, asker.signal);
    asker.abort();
    await assert.rejects(asked, { code: 'WEIR2005' });
    assert.deepEqual([stage.supervisor.machine.state.name, stage.requests.isBusy], ['idle', false]);
    assert.equal(stage.reports.length, 0);
  });

  test('a bypass that fails is a warning, and the start goes on', async () => {
    const stage = new SupervisorStage();
    stage.fail('interception.bypass', new Error('nft is gone'));
    await stage.start();
    await stage.untilState('idle');
    assert.ok(stage.warnings.includes('bypass: nft is gone'));
  });

  test('a journal that cannot be written is a warning, and nothing else', async () => {
    const stage = new SupervisorStage();
    stage.host.journalProblem = 'ENOSPC: no space left on device';
    await stage.start();
    await stage.untilState('idle');
    assert.ok(
      stage.warnings.every((text) => text === 'the journal could not be written: ENOSPC: no space left on device'),
    );
  });

  test('drains, ends every process and then itself when it is told to stop', async () => {
    const stage = await SupervisorStage.live();
    const connection = stage.connect();
    let isStopped = false;
    void stage.requests.stop(8_000).then(() => {
      isStopped = true;
    });
    await stage.clock.pass(3_000);
    assert.equal(stage.interception.isBypassed, true, 'new connections go direct at once');
    assert.equal(isStopped, false, 'a connection is open');
    connection.isOpen = false;
    await stage.clock.pass(1_000);
    assert.equal(isStopped, true);
    assert.deepEqual(stage.host.envoys.living, []);
    assert.deepEqual(stage.events.at(-1), { event: 'stopped', text: 'stopped' });
    assert.equal(stage.supervisor.isClosed, true);
  });

  test('ends a process that ignores SIGTERM', async () => {
    const stage = await SupervisorStage.live();
    const [envoy] = stage.host.envoys.living;
    assert.ok(envoy !== undefined);
    stage.connect();
    const stopped = stage.requests.stop(1_000);
    stage.host.envoys.signal(envoy, 'SIGSTOP');
    stage.fail('signal', null);
    await stage.untilState('stopped');
    await stopped;
    assert.deepEqual(stage.host.envoys.living, []);
  });
});

test('a binary that starts another version than it said is named by what runs', async () => {
  const stage = await SupervisorStage.live();
  const upgrade = stage.ask({ binary: '/opt/envoy/1.40.0' });
  await stage.clock.until('a second process', () => stage.host.envoys.all.length > 1);
  const fresh = stage.host.envoys.all.at(-1);
  if (fresh !== undefined) fresh.version = '1.38.0';
  await stage.untilState('idle');
  const { warnings } = await upgrade;
  assert.match(warnings.join(), /is Envoy 1\.38\.0, and its binary had said 1\.40\.0/);
});

describe('the process that the kernel is to end first for want of memory', () => {
  const expendable = ({ host }: SupervisorStage) => host.envoys.living.map(({ isExpendable }) => isExpendable);

  test('is the new one until it serves, and none afterwards', async () => {
    const stage = await SupervisorStage.live();
    assert.deepEqual(expendable(stage), [false]);
    stage.connect();
    void stage.ask({ binary: '/opt/envoy/1.40.0' });
    await stage.untilState('initializing');
    assert.deepEqual(expendable(stage), [false, true]);
    await stage.untilState('draining');
    assert.deepEqual(expendable(stage), [false, false]);
  });

  test('is none that serves, when a supervisor dies at the hand-over', async () => {
    const stage = await SupervisorStage.live();
    stage.onState('handover', () => stage.die());
    void stage.ask({ binary: '/opt/envoy/1.40.0' }).catch(() => {});
    await stage.clock.until('the hand-over', () => stage.supervisor.isClosed);
    assert.deepEqual(expendable(stage), [false, true]);
    await stage.restart();
    await stage.untilState('idle');
    assert.deepEqual(expendable(stage), [false]);
  });

  test('is either where the kernel does not let it be chosen: a warning, and the upgrade goes on', async () => {
    const stage = await SupervisorStage.live();
    stage.fail('setExpendable', new Error('EACCES: permission denied'));
    assert.equal((await stage.upgrade({ binary: '/opt/envoy/1.40.0' })).outcome, 'settled');
    assert.match(stage.warnings.join(), /either process for want of memory: .*EACCES/);
  });
});

describe('an upgrade', () => {
  test('of a quiet sidecar settles early, counts nothing lost, and moves the pointers', async () => {
    const stage = await SupervisorStage.live();
    const before = stage.serving?.launch.generation.pair;
    const states: string[] = [];
    const report = stage.ask({ binary: '/opt/envoy/1.40.0' }, (event) => states.push(event.state));
    await stage.clock.until('its report', () => stage.reports.length === 1);
    const { outcome, from, to, connections, requests, drainedAtMs, warnings } = await report;
    assert.equal(outcome, 'settled');
    assert.deepEqual([from.version, from.epoch, to.version, to.epoch], ['1.39.3', 0, '1.40.0', 1]);
    assert.deepEqual([connections, requests, warnings], [{ drained: 0, cut: 0 }, { cut: 0 }, []]);
    assert.ok(drainedAtMs !== null && drainedAtMs < 1_000);
    const expected = ['PREFLIGHT', 'SNAPSHOT', 'SPAWNED', 'INITIALIZING', 'HANDOVER', 'NOTIFY', 'DRAINING', 'ENDING'];
    assert.deepEqual([...new Set(states)], expected);
    assert.equal((await stage.host.pairs.pointers()).previous, before);
    assert.deepEqual((await stage.requests.status()).last?.outcome, 'settled');
    assert.equal(stage.interception.changes.length, 2, 'no bypass on the way');
    await stage.clock.pass(20_000);
    assert.equal(stage.serving?.exit, null, 'the sink keeps it alive');
  });

  test('waits for old connections, counts those that end by themselves and those that the timer cuts', async () => {
    const stage = await SupervisorStage.live();
    const [first] = [stage.connect(), stage.connect(2), stage.connect(3)];
    const seen: UpgradeProgressEvent[] = [];
    const report = stage.ask({ force: true }, (event) => seen.push(event));
    await stage.untilState('draining');
    assert.equal((await stage.requests.status()).state, 'upgrading');
    await stage.clock.pass(3_000);
    first.isOpen = false;
    stage.connect();
    await stage.untilState('idle');
    const { outcome, connections, requests, drainedAtMs, states } = await report;
    assert.equal(outcome, 'settled');
    assert.deepEqual([connections, requests, drainedAtMs], [{ drained: 1, cut: 2 }, { cut: 5 }, null]);
    assert.ok((states.at(-1)?.atMs ?? 0) >= 15_000);
    const drains = seen.filter(({ event }) => event === 'drain');
    assert.ok(drains.length >= 14 && drains.length <= 16, 'one line a second');
    assert.deepEqual(drains.at(-1)?.connections, { old: 2, new: 1 });
  });

  test('whose access log cannot be read says that cut requests were not counted', async () => {
    const stage = await SupervisorStage.live();
    stage.connect(2);
    stage.fail('markAccessLogs', new Error('EMFILE: too many open files'));
    const report = stage.ask({ force: true });
    await stage.untilState('ending');
    await stage.untilState('idle');
    const { outcome, warnings } = await report;
    assert.equal(outcome, 'settled');
    assert.deepEqual(warnings, ['what is cut cannot be counted: EMFILE: too many open files']);
  });

  test('tells the SDKs, and a notice that fails is a warning of the report', async () => {
    const stage = await SupervisorStage.live();
    stage.connect();
    stage.host.notices = [{ role: 'consumer', adapter: 'http', ok: false, detail: 'connect ECONNREFUSED' }];
    const report = stage.upgrade({ force: true });
    const { notices, warnings } = await report;
    assert.deepEqual(warnings, ['the consumer notice (http) failed: connect ECONNREFUSED']);
    assert.deepEqual(notices, stage.host.notices);
    const [body] = stage.host.told;
    assert.deepEqual([body?.event, body?.epoch, body?.newEpoch], ['drain', 0, 1]);
    assert.ok(body !== undefined && body.deadlineMs > 14_800 && body.deadlineMs <= 15_000);
  });

  test('whose notices never come back goes on after two seconds', async () => {
    const stage = await SupervisorStage.live();
    stage.connect();
    stage.host.noticeMs = 60_000;
    const report = await stage.upgrade({ force: true });
    assert.equal(report.outcome, 'settled');
    assert.deepEqual(report.warnings, ['not every notice was answered in time']);
  });

  test('goes back when the new one does not hold every listener', async () => {
    const stage = await SupervisorStage.live();
    stage.changeBootstrap({ listeners: [LISTENER, MORE] });
    await stage.upgrade();
    // A bootstrap that promises the second one, and does not bind it.
    stage.changeBootstrap({ listeners: [LISTENER, MORE], hasAccessLog: false });
    stage.onState('handover', () => {
      const newest = stage.host.envoys.living.at(-1);
      if (newest !== undefined) newest.listening = [LISTENER];
    });
    const { outcome, reason } = await stage.upgrade();
    assert.equal(outcome, 'rolled-back');
    assert.match(reason, /does not listen on 127\.0\.0\.1:15002/);
    assert.deepEqual(stage.serving?.listening, [LISTENER, MORE]);
  });

  test('to what serves already does nothing', async () => {
    const stage = await SupervisorStage.live();
    assert.equal((await stage.upgrade()).outcome, 'unchanged');
    assert.equal(stage.host.envoys.all.length, 1);
  });

  test('and back: rollback takes the pair before, and there is none at first', async () => {
    const stage = await SupervisorStage.live();
    await assert.rejects(stage.upgrade({ rollback: true }), { code: 'WEIR4010' });
    await stage.upgrade({ binary: '/opt/envoy/1.40.0' });
    assert.equal((await stage.upgrade({ rollback: true })).to.version, '1.39.3');
    assert.equal(stage.serving?.version, '1.39.3');
  });

  test('is refused while another is under way, with its state and the seconds left', async () => {
    const stage = await SupervisorStage.live();
    stage.connect();
    const first = stage.ask({ force: true });
    await stage.untilState('draining');
    await assert.rejects(stage.ask({ force: true }), (error: Error & { code?: string; details?: unknown }) => {
      assert.equal(error.code, 'WEIR4005');
      assert.deepEqual(error.details, { state: 'DRAINING', secondsLeft: 15 });
      return true;
    });
    await assert.rejects(stage.requests.abort(), { code: 'WEIR4013' });
    await stage.untilState('idle');
    assert.equal((await first).outcome, 'settled');
    assert.deepEqual(await stage.requests.abort(), { aborted: false, served: null });
  });

  test('has a status of one moment, also when its files are read slowly', async () => {
    const stage = await SupervisorStage.live();
    stage.connect();
    const report = stage.ask({ force: true });
    await stage.untilState('draining');
    const { read } = stage.host.journal;
    stage.host.journal.read = async () => {
      await stage.clock.sleep(3_000);
      return read();
    };
    const slow = stage.requests.status();
    await stage.clock.pass(4_000);
    const { upgrade } = await slow;
    assert.deepEqual([upgrade?.state, upgrade?.secondsLeft], ['DRAINING', 15]);
    await stage.untilState('idle');
    await report;
  });

  test('that is aborted by a stop, or tried while nobody serves, is not said to leave somebody who serves', async () => {
    const stage = await SupervisorStage.live();
    const stopped = stage.ask({ force: true });
    stage.onState('spawned', () => void stage.requests.stop(0));
    await stage.untilState('stopped');
    const { outcome, served } = await stopped;
    assert.deepEqual([outcome, served], ['aborted', false]);

    const down = await SupervisorStage.live();
    down.host.bootstraps.set(FAKE_SPEC.bootstrap, fakeBootstrap({ invalid: 'no such cluster' }));
    const settled = await down.upgrade({ force: true, dryRun: true });
    assert.deepEqual([settled.outcome, settled.served], ['refused', true]);
  });

  test('that is asked for in the moment in which the last one settles gets a report of its own', async () => {
    const stage = await SupervisorStage.live();
    const first = stage.ask({ force: true });
    const second = Promise.withResolvers<string>();
    stage.onState('idle', () => {
      stage.ask({ binary: '/opt/envoy/1.40.0' }).then(({ id }) => second.resolve(id), second.reject);
    });
    await stage.clock.until('both reports', () => stage.reports.length === 2);
    assert.deepEqual(
      [(await first).id, await second.promise],
      stage.reports.map(({ id }) => id),
    );
    assert.deepEqual(
      stage.reports.map(({ to }) => to.version),
      ['1.39.3', '1.40.0'],
    );
  });

  test('is answered when the history has it, however slow the disk, and who follows it meanwhile is answered too', async () => {
    const stage = await SupervisorStage.live();
    const { append } = stage.host.journal;
    stage.host.journal.append = async (entry) => {
      if (entry.kind === 'report') await stage.clock.sleep(2_000);
      return append(entry);
    };
    stage.connect();
    const asked = stage.ask({ force: true }).then(({ id }) => [id, stage.reports.map((report) => report.id)]);
    await stage.untilState('draining');
    const id = stage.supervisor.job?.id ?? '';
    await stage.untilState('idle');
    await stage.clock.pass(1_000);
    const { facts, replace } = SupervisorProcess.prototype;
    const { follow } = controlHandlers(stage.supervisor, stage.requests, async () => {}, { facts, replace });
    const followed = follow({ command: 'follow', id }, () => {}, new AbortController().signal);
    await stage.clock.pass(2_000);
    assert.deepEqual(await asked, [id, [id]]);
    assert.equal((await followed)?.id, id);
  });

  test('of a file that is missing is refused before anything happens', async () => {
    const stage = await SupervisorStage.live();
    await assert.rejects(stage.ask({ binary: '/nowhere' }), { code: 'WEIR4003' });
    await assert.rejects(stage.ask({ binary: '/nowhere' }), { code: 'WEIR4003' });
    assert.equal(stage.supervisor.machine.state.name, 'idle');
  });

  test('counts durations on the clock that nobody sets', async () => {
    const stage = await SupervisorStage.live();
    stage.connect();
    const report = stage.ask({ force: true });
    await stage.untilState('draining');
    for (const byMs of [3_600_000, -7_200_000]) {
      stage.clock.setWall(byMs);
      await stage.clock.pass(2_000);
      assert.equal(stage.supervisor.machine.state.name, 'draining');
    }
    assert.ok(((await stage.requests.status()).upgrade?.secondsLeft ?? 0) > 10);
    stage.die();
    stage.clock.setWall(3_600_000);
    await stage.restart();
    await stage.clock.pass(5_000);
    assert.equal(stage.supervisor.machine.state.name, 'draining', 'the rest of the drain is not cut off');
    await stage.untilState('idle');
    assert.equal(stage.reports.length, 1);
    void report;
  });

  test('whose drain an older weir noted by the wall clock keeps its end', async () => {
    const stage = await SupervisorStage.live();
    stage.connect();
    void stage.ask({ force: true });
    await stage.untilState('draining');
    await stage.clock.pass(5_000);
    stage.die();
    for (const [index, entry] of stage.host.entries.entries()) {
      if (entry.kind !== 'state' || typeof entry.drainEndMonotonicMs !== 'number') continue;
      const { drainEndMonotonicMs, ...rest } = entry;
      stage.host.entries[index] = {
        ...rest,
        drainEndMs: drainEndMonotonicMs - stage.clock.monotonic() + stage.clock.now(),
      };
    }
    await stage.restart();
    const left = (await stage.requests.status()).upgrade?.secondsLeft ?? 0;
    assert.ok(left > 9 && left <= 10, `${left} s left`);
  });
});

test('logs are reopened by every living process', async () => {
  const stage = await SupervisorStage.live();
  stage.connect();
  void stage.ask({ force: true });
  await stage.untilState('draining');
  assert.equal(await stage.requests.reopenLogs(), 2);
  for (const { signals } of stage.host.envoys.living) assert.ok(signals.includes('SIGUSR1'));
});

test('a sidecar that cannot be started says why, and an upgrade with better files mends it', async () => {
  const stage = new SupervisorStage();
  stage.changeBootstrap({ start: 'exits' });
  await stage.start();
  await stage.untilState('down');
  assert.equal((await stage.requests.status()).state, 'failed');
  stage.host.bootstraps.set(FAKE_SPEC.bootstrap, fakeBootstrap());
  const report = stage.ask();
  await stage.untilState('idle');
  const { outcome, reason } = await report;
  assert.deepEqual([outcome, reason], ['settled', 'the sidecar was down: started cold']);
});

test('five hundred upgrades leave one process, which has its admin', async () => {
  const stage = await SupervisorStage.live();
  for (let round = 0; round < 500; round++) {
    const { outcome } = await stage.upgrade({ force: true });
    assert.equal(outcome, 'settled', `round ${round}`);
  }
  assert.equal(stage.host.envoys.living.length, 1);
  assert.equal((await stage.requests.status()).epoch, 500);
  assert.equal(stage.supervisor.hasAdmin(stage.serving?.launch.generation.id ?? 0), true);
});
