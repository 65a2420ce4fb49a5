/** A new version is tried apart from the traffic before the process that serves is touched. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { SidecarCheck } from '../../../src/mesh/mesh-config.ts';
import { SupervisorStage } from './supervisor-stage.ts';

const CHECK: SidecarCheck = { kind: 'http', url: 'http://127.0.0.1:15001/health' };
const NEW = '/opt/envoy/1.40.0';
const BAD = { kind: 'failed', part: 'check', reason: 'it answered 503' } as const;

describe('the rehearsal of an upgrade', () => {
  test('a check that fails for the new version alone ends the upgrade before anything is started', async () => {
    const stage = await SupervisorStage.live();
    stage.host.rehearsals.set('1.40.0', BAD);
    const { outcome, reason, states } = await stage.upgrade({ binary: NEW, check: CHECK });
    assert.equal(outcome, 'aborted');
    assert.match(reason, /^it answered 503 \(in a rehearsal apart from the traffic\)$/);
    assert.deepEqual(
      states.map(({ state }) => state),
      ['PREFLIGHT', 'ABORTED'],
    );
    assert.deepEqual(stage.host.rehearsed, ['1.40.0', '1.39.3']);
    assert.equal(stage.host.envoys.all.length, 1);
  });

  test('a dry run is refused for the same reason', async () => {
    const stage = await SupervisorStage.live();
    stage.host.rehearsals.set('1.40.0', BAD);
    assert.equal((await stage.upgrade({ binary: NEW, check: CHECK, dryRun: true })).outcome, 'refused');
  });

  for (const part of ['check', 'start'] as const) {
    test(`a ${part} that fails for both versions says nothing of the new one: a warning, and the upgrade goes on`, async () => {
      const stage = await SupervisorStage.live();
      for (const version of ['1.39.3', '1.40.0']) stage.host.rehearsals.set(version, { ...BAD, part });
      const { outcome, warnings } = await stage.upgrade({ binary: NEW, check: CHECK });
      assert.equal(outcome, 'settled');
      assert.match(
        warnings.join(),
        /could not be rehearsed: it answered 503; the version that serves fails there as well/,
      );
    });
  }

  test('listeners that are not sent end it, whatever the control plane would send the version that serves', async () => {
    const stage = await SupervisorStage.live();
    for (const version of ['1.39.3', '1.40.0']) stage.host.rehearsals.set(version, { ...BAD, part: 'listeners' });
    assert.equal((await stage.upgrade({ binary: NEW, check: CHECK })).outcome, 'aborted');
    assert.deepEqual(stage.host.rehearsed, ['1.40.0']);
  });

  test('what cannot be rehearsed is a warning', async () => {
    const stage = await SupervisorStage.live();
    stage.host.rehearsals.set('1.40.0', { kind: 'impossible', reason: 'only root makes network namespaces' });
    const { outcome, warnings } = await stage.upgrade({ binary: NEW, check: CHECK });
    assert.deepEqual(
      [outcome, warnings],
      ['settled', ['the new version could not be rehearsed: only root makes network namespaces']],
    );
  });

  test('without a check and with listeners of its own nothing is rehearsed; nor on the way back', async () => {
    const stage = await SupervisorStage.live();
    await stage.upgrade({ binary: NEW });
    stage.spec = { ...stage.spec, check: CHECK };
    await stage.upgrade({ rollback: true });
    assert.deepEqual(stage.host.rehearsed, []);
  });

  test('an abort meanwhile ends it, and the next upgrade is rehearsed anew', async () => {
    const stage = await SupervisorStage.live();
    const report = stage.ask({ binary: NEW, check: CHECK });
    await stage.clock.until('the rehearsal', () => stage.host.rehearsed.length > 0);
    assert.deepEqual(await stage.requests.abort(), { aborted: true, served: true });
    assert.equal((await report).outcome, 'aborted');
    assert.equal((await stage.upgrade({ binary: NEW, check: CHECK })).outcome, 'settled');
    assert.deepEqual(stage.host.rehearsed, ['1.40.0', '1.40.0']);
  });
});
