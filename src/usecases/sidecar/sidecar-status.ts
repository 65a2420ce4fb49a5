import type { SidecarStatus, UpgradeReport } from '../../upgrade/upgrade-report.ts';
import type { SidecarJournalEntry } from '../ports/sidecar.ts';

/** The ends of upgrades in a journal, oldest first. */
export function upgradeHistory(entries: readonly SidecarJournalEntry[]): UpgradeReport[] {
  return entries.flatMap((entry) => (entry.kind === 'report' ? [entry.report as UpgradeReport] : []));
}

/** The last upgrade in the short form of the status. */
export function lastUpgrade(entries: readonly SidecarJournalEntry[]): SidecarStatus['last'] {
  const last = upgradeHistory(entries).at(-1);
  return last === undefined ? null : { outcome: last.outcome, at: last.at, to: last.to };
}
