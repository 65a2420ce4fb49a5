/** The tour's upgrade step. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { UpgradeReport } from '../../src/sidecar/machine/upgrade-report.ts';
import type { NumberedTourLoad, TourLab, WeirRun } from '../../src/tour/tour-lab.ts';
import type { TourContext } from '../../src/tour/tour-step.ts';
import { showUpgrade } from '../../src/tour/upgrade-step.ts';

const side = (epoch: number, version: string) => ({ epoch, version, binarySha256: null, bootstrapSha256: 'a' });
const REPORT: UpgradeReport = {
  ...{ id: '1', at: '2026-01-01T00:00:00.000Z', outcome: 'settled', reason: 'the old process has ended' },
  ...{ dryRun: false, served: true, actor: null, note: null, drainedAtMs: 2000, notices: [], warnings: [] },
  from: side(0, '1.39.3'),
  to: side(1, '1.40.0'),
  states: [
    { state: 'HANDOVER', atMs: 812 },
    { state: 'SETTLED', atMs: 2450 },
  ],
  connections: { drained: 20, cut: 0 },
  requests: { cut: 0 },
};
const COUNTS = { sent: 300, viaEnvoy: 300, lost: 0, doubled: 0, errors: [] };
type Counts = Awaited<ReturnType<NumberedTourLoad['stop']>>;

function tour(change: { report?: object; counts?: Partial<Counts>; exit?: number; live?: boolean }): TourContext {
  const run = (args: readonly string[], exit: number, result: object): WeirRun => ({
    command: `weir ${args.join(' ')}`,
    exit,
    ms: 1,
    result: result as Record<string, unknown>,
    warnings: [],
    error: exit === 0 ? null : 'the upgrade was aborted',
  });
  const lab: Partial<TourLab> = {
    upgradeArguments: ['sidecar', 'upgrade', 'main'],
    superviseEnvoy: async () => ({ command: 'weir sidecar run main', live: change.live ?? true }),
    startNumberedLoad: async () => ({ stop: async () => ({ ...COUNTS, ...change.counts }) }),
    weir: async (args) =>
      args[1] === 'upgrade' ? run(args, change.exit ?? 0, change.report ?? REPORT) : run(args, 0, {}),
  };
  return {
    lab: lab as TourLab,
    clock: { now: () => 0, sleep: async () => {} },
    signal: AbortSignal.timeout(5000),
  } as never;
}

describe('the tour’s upgrade', () => {
  it('tells versions, seconds and counts', async () => {
    const finding = await showUpgrade(tour({}));
    assert.equal(finding.ok, true);
    assert.deepEqual(finding.measured, [
      'Envoy 1.39.3 -> 1.40.0: serves after 0.8 s, the old one gone after 2.5 s',
      'connections of the old one: 20 drained, 0 cut with 0 requests',
      '300 numbered requests, one in ten takes 1.5 s: 0 lost, 0 doubled',
      'all of them went through Envoy',
    ]);
  });

  it('is not as promised where the result is no report', async () => {
    const { measured, ok } = await showUpgrade(tour({ report: { outcome: 'settled' } }));
    assert.deepEqual([measured[0], ok], ['not settled, exit code 0', false]);
  });

  it('says where connections were not counted', async () => {
    const report = { ...REPORT, connections: { drained: null, cut: null }, requests: { cut: null } };
    const { measured } = await showUpgrade(tour({ report }));
    assert.match(measured[1] ?? '', /an unknown number drained, an unknown number cut with an unknown number requests/);
  });

  for (const [what, change] of Object.entries({
    'one request is lost': { counts: { lost: 1 } },
    'one request is doubled': { counts: { doubled: 1 } },
    'one request went past Envoy': { counts: { viaEnvoy: 299 } },
    'nothing was sent': { counts: { sent: 0, viaEnvoy: 0 } },
    'the upgrade does not settle': { exit: 4 },
    'the sidecar was never live': { live: false },
  })) {
    it(`is not as promised when ${what}`, async () => {
      assert.equal((await showUpgrade(tour(change))).ok, false);
    });
  }

  it('a sidecar that was not live in time is named as the cause of all that follows', async () => {
    const { measured } = await showUpgrade(tour({ live: false }));
    assert.match(measured[0] ?? '', /was not live in time: on a busy machine/);
  });
});
