/** The report of an upgrade, for tests of its texts and numbers. */
import type { UpgradeReport } from '../../src/sidecar/machine/upgrade-report.ts';

/** A report of an upgrade that cut something. */
export const SETTLED_REPORT: UpgradeReport = {
  id: '1',
  at: '2026-01-01T00:00:10.000Z',
  outcome: 'settled',
  reason: 'the old process has ended',
  dryRun: false,
  served: true,
  actor: null,
  note: null,
  from: { epoch: 2, version: '1.39.3', binarySha256: null, bootstrapSha256: 'a' },
  to: { epoch: 3, version: '1.40.0', binarySha256: null, bootstrapSha256: 'a' },
  states: [
    { state: 'PREFLIGHT', atMs: 0 },
    { state: 'SETTLED', atMs: 4200 },
  ],
  connections: { drained: 7, cut: 2 },
  requests: { cut: 1 },
  drainedAtMs: 3100,
  notices: [{ role: 'consumer', adapter: 'http', ok: false, detail: 'refused' }],
  warnings: [],
};
