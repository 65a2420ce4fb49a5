/** Upgrades, histories and states of sidecars as an operator reads them. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import {
  formatHistory,
  formatSidecarStatus,
  formatUpgradeProgress,
  formatUpgradeReport,
} from '../../../src/sidecar/cli/upgrade-text.ts';
import type { SidecarStatus } from '../../../src/sidecar/machine/upgrade-report.ts';
import { SETTLED_REPORT } from '../settled-report.ts';

const STATUS: SidecarStatus = {
  name: 'main',
  state: 'live',
  detail: null,
  epoch: 3,
  pid: 77,
  version: '1.40.0',
  bootstrapSha256: 'a',
  managed: true,
  supervisorPid: 70,
  connections: { active: 12 },
  upgrade: null,
  crash: null,
  last: null,
};
const CRASH = { at: '2026-01-01T00:00:05.000Z', version: '1.39.3', detail: 'SIGSEGV', inARow: 2 };

describe('the progress of an upgrade', () => {
  const event = { event: 'progress', state: 'draining', atMs: 1234, secondsLeft: 9, connections: { old: 4, new: 2 } };
  it('has seconds, state, and what is open on both sides', () => {
    const line = formatUpgradeProgress(event as never);
    assert.equal(line, '   1.2 s  draining       old: 4 conn  new: 2 conn  at most 9 s left');
  });

  it('claims no count and no deadline that is not known', () => {
    assert.equal(
      formatUpgradeProgress({ ...event, secondsLeft: null, connections: null } as never),
      '   1.2 s  draining',
    );
  });
});

describe('the report of an upgrade', () => {
  it('has both sides, the time, and what was drained and cut', () => {
    assert.deepEqual(formatUpgradeReport('main', SETTLED_REPORT).split('\n'), [
      'main: settled  1.39.3 (epoch 2) -> 1.40.0 (epoch 3)  in 4.2 s',
      'connections: drained 7, cut 2  last one gone at 3.1 s',
      'requests cut: 1',
      'notice consumer by http: failed, refused',
    ]);
  });

  it('says what was not counted, never 0', () => {
    const [, connections, requests] = formatUpgradeReport('main', {
      ...SETTLED_REPORT,
      connections: { drained: 0, cut: null } as never,
      requests: { cut: null } as never,
      drainedAtMs: null,
    }).split('\n');
    assert.equal(connections, 'connections: not counted');
    assert.equal(requests, 'requests cut: not counted (see the warnings)');
  });

  it('is one line where nothing was done', () => {
    assert.equal(
      formatUpgradeReport('main', { ...SETTLED_REPORT, outcome: 'unchanged', reason: 'it runs 1.40.0' }),
      'main: nothing to do, it runs 1.40.0',
    );
    const to = { ...SETTLED_REPORT.to, epoch: null, version: null };
    assert.equal(
      formatUpgradeReport('main', { ...SETTLED_REPORT, outcome: 'dry-run', to }),
      'main: preflight passed, 1.39.3 (epoch 2) -> unknown version would go on',
    );
  });
});

describe('the history of a sidecar', () => {
  it('tells a dry run that was refused from an upgrade that was', () => {
    const refused = { ...SETTLED_REPORT, outcome: 'refused', reason: 'the port is taken', dryRun: true };
    const [line] = formatHistory('main', { entries: [refused], crashes: [] } as never).split('\n');
    assert.match(line ?? '', /^\S+ {2}refused .* {2}dry run: the port is taken$/);
  });

  it('has upgrades and crashes by time', () => {
    const noted = { ...SETTLED_REPORT, actor: 'root (alice)', note: 'CVE' };
    assert.deepEqual(formatHistory('main', { entries: [noted], crashes: [CRASH] } as never).split('\n'), [
      `${CRASH.at}  crash        Envoy 1.39.3: SIGSEGV  2 in a row`,
      `${SETTLED_REPORT.at}  settled      1.39.3 (epoch 2) -> 1.40.0 (epoch 3)  cut 2  the old process has ended  by root (alice): CVE`,
    ]);
  });

  it('says when there is none', () => {
    assert.equal(formatHistory('main', { entries: [], crashes: [] } as never), 'main: no upgrade yet');
  });
});

describe('the status of a sidecar', () => {
  it('is a line, and one more for each thing that happened', () => {
    const last = { outcome: 'settled' as const, at: SETTLED_REPORT.at, to: SETTLED_REPORT.to };
    const upgrade = { state: 'draining', secondsLeft: null, connections: { old: 4, new: 2 } };
    assert.deepEqual(formatSidecarStatus({ ...STATUS, upgrade, crash: CRASH, last }).split('\n'), [
      'main: live  Envoy 1.40.0  epoch 3  pid 77  12 connections  supervisor 70',
      '  upgrade: draining, at most ? s left, old 4 conn, new 2 conn',
      `  last crash: ${CRASH.at}, SIGSEGV, 2 in a row`,
      `  last upgrade: settled at ${SETTLED_REPORT.at}, to 1.40.0 (epoch 3)`,
    ]);
  });

  it('has no Envoy and no supervisor where there are none', () => {
    const stopped = {
      ...STATUS,
      state: 'stopped' as const,
      pid: null,
      supervisorPid: null,
      connections: { active: 0 },
    };
    assert.equal(formatSidecarStatus(stopped), 'main: stopped  0 connections  no supervisor');
  });
});
