/** The error for an upgrade that did not settle. */
import type { ErrorCode } from '../../errors/catalogue.ts';
import { WeirError } from '../../errors/weir-error.ts';
import type { UpgradeReport } from '../machine/upgrade-report.ts';

const FAILURES: Partial<Record<UpgradeReport['outcome'], { code: ErrorCode; what: string; hint: string }>> = {
  refused: { code: 'WEIR4004', what: 'was refused; nothing was changed', hint: 'mend what is named and upgrade again' },
  aborted: {
    code: 'WEIR4006',
    what: 'was aborted; the old Envoy serves as before',
    hint: 'the next upgrade needs no manual step',
  },
  'rolled-back': {
    code: 'WEIR4007',
    what: 'was rolled back; the former pair serves',
    hint: 'see the log of the sidecar for why the new one failed',
  },
  emergency: {
    code: 'WEIR4008',
    what: 'failed and the former pair is not live yet; traffic goes direct',
    hint: 'the supervisor keeps trying to start it; see `weir sidecar status` and the log of the sidecar',
  },
};

/** Throws the error that an upgrade's end stands for, with the report as its details; returns for the good ends. */
export function requireGoodEnd(name: string, report: UpgradeReport): void {
  const failure = FAILURES[report.outcome];
  if (failure === undefined) return;
  throw new WeirError(failure.code, {
    what: `the upgrade of ${name} ${failure.what}`,
    why: report.reason,
    hint: failure.hint,
    details: report,
  });
}
