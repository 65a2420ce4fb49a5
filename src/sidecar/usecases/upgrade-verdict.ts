/** The error for an upgrade that did not settle. */
import type { ErrorCode } from '../../errors/catalogue.ts';
import { WeirError } from '../../errors/weir-error.ts';
import type { UpgradeReport } from '../machine/upgrade-report.ts';

const FAILURES: Partial<Record<UpgradeReport['outcome'], { code: ErrorCode; what: string; hint: string }>> = {
  refused: { code: 'WEIR4004', what: 'was refused; nothing was changed', hint: 'mend what is named and upgrade again' },
  aborted: {
    code: 'WEIR4006',
    what: 'was aborted',
    hint: 'the next upgrade needs no manual step',
  },
  'rolled-back': {
    code: 'WEIR4007',
    what: 'was rolled back; the former pair serves',
    hint: 'see the log of the sidecar for why the new one failed',
  },
};

/** What was seen of an upgrade that failed together with its way back: its own way back may have left the new one. */
function noWayBack(name: string, served: boolean | null): { readonly what: string; readonly hint: string } {
  if (served === true)
    return {
      what: 'failed, and so did the way back: an Envoy serves that is not as the former pair was',
      hint: `see \`weir sidecar status ${name}\` and the log of the sidecar, and upgrade to a pair that works`,
    };
  return {
    what: `failed, and so did the way back: ${served === null ? 'whether an Envoy serves is not known' : 'no Envoy serves'}`,
    hint: `a supervisor starts the former pair again and again while it runs: \`weir sidecar status ${name}\`; \`weir status\` shows where new connections go`,
  };
}

/** What else is known of an upgrade that was aborted: the old process may have ended, or is being stopped. */
const AFTER_ABORT: ReadonlyMap<boolean | null, string> = new Map([
  [true, '; the old Envoy serves as before'],
  [false, '; no Envoy serves'],
]);

/** Whether an Envoy serves after an aborted upgrade, as the end of a sentence; empty where that is not known. */
export function afterAbort(served: boolean | null): string {
  return AFTER_ABORT.get(served) ?? '';
}

/** Throws the error that an upgrade's end stands for, with the report as its details; returns for the good ends. */
export function requireGoodEnd(name: string, report: UpgradeReport): void {
  const { outcome, served } = report;
  const failure =
    outcome === 'emergency' ? { code: 'WEIR4008' as const, ...noWayBack(name, served) } : FAILURES[outcome];
  if (failure === undefined) return;
  const more = outcome === 'aborted' ? afterAbort(served) : '';
  throw new WeirError(failure.code, {
    what: `the upgrade of ${name} ${failure.what}${more}`,
    why: report.reason,
    hint: failure.hint,
    details: report,
  });
}
