/** Waiting for a settled sidecar. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { systemClock } from '../../../src/platform/clock.ts';
import type { SidecarStatus, UpgradeReport } from '../../../src/sidecar/machine/upgrade-report.ts';
import { type WaitSettled, waitSettled } from '../../../src/sidecar/usecases/wait-settled.ts';

const status = (state: SidecarStatus['state'], upgrade: SidecarStatus['upgrade'] = null) =>
  ({ state, upgrade }) as SidecarStatus;
const UNDER_WAY = { state: 'DRAINING', secondsLeft: 3, connections: null };
const report = (outcome: UpgradeReport['outcome']) => ({ outcome, reason: 'because' }) as UpgradeReport;

const wait = (how: Partial<WaitSettled>) =>
  waitSettled({
    name: 'main',
    role: 'alone',
    timeoutMs: 1000,
    clock: systemClock,
    signal: new AbortController().signal,
    readNote: async () => null,
    status: async () => null,
    ...how,
  });

test('an idle container waits for nothing, and asks nobody', async () => {
  const nobody = async () => assert.fail('asked');
  const result = await wait({ role: 'idle', readNote: nobody, status: nobody });
  assert.deepEqual(result, { name: 'main', role: 'idle', upgrade: null });
});

test('alone it waits until the sidecar is live and no upgrade is under way', async () => {
  const seen = [null, status('starting'), status('upgrading', UNDER_WAY), status('live', UNDER_WAY), status('live')];
  assert.equal((await wait({ status: async () => seen.shift() ?? null })).role, 'alone');
  assert.equal(seen.length, 0);
});

test('in a container the note of its own supervisor decides, not the status of whoever serves', async () => {
  const notes = [null, { upgrade: report('settled'), problem: null }];
  const result = await wait({
    role: 'take-over',
    status: async () => status('live'),
    readNote: async () => notes.shift() ?? null,
  });
  assert.equal(result.upgrade?.outcome, 'settled');
});

test('an upgrade that did not settle ends the wait as it would end the upgrade', async () => {
  const codes = { refused: 'WEIR4004', aborted: 'WEIR4006', 'rolled-back': 'WEIR4007', emergency: 'WEIR4008' } as const;
  for (const [outcome, code] of Object.entries(codes)) {
    const upgrade = report(outcome as UpgradeReport['outcome']);
    await assert.rejects(wait({ role: 'take-over', readNote: async () => ({ upgrade, problem: 'it failed' }) }), {
      code,
    });
  }
  const broken = wait({ role: 'fresh', readNote: async () => ({ upgrade: null, problem: 'no binary' }) });
  await assert.rejects(broken, { code: 'WEIR4014', why: 'no binary' });
});

test('whoever stops waiting is told what was not settled, and that it goes on', async () => {
  const stop = new AbortController();
  const waiting = wait({
    signal: stop.signal,
    status: async () => {
      stop.abort();
      return status('upgrading', UNDER_WAY);
    },
  });
  await assert.rejects(waiting, {
    ...{ code: 'WEIR2005', exit: 130, what: /main had not settled yet: it is upgrading, in DRAINING$/ },
    ...{ why: /goes on without anybody who waits/, hint: /weir sidecar status main.*weir sidecar wait-settled main/ },
  });
});

test('it gives up after its time and says what it saw last', async () => {
  const late = wait({ timeoutMs: 150, status: async () => status('upgrading', UNDER_WAY) });
  await assert.rejects(late, { code: 'WEIR4017', why: 'it is upgrading, in DRAINING', exit: 6 });
});
