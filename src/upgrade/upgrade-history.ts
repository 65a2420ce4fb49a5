import type { SidecarStatus, UpgradeReport } from './upgrade-report.ts';

/** As much of a journal's entry as tells of an upgrade. */
type Entry = { readonly kind: string; readonly report?: unknown };

/** The ends of upgrades in a sidecar's journal, oldest first. */
export function upgradeHistory(entries: readonly Entry[]): UpgradeReport[] {
  return entries.flatMap((entry) => (entry.kind === 'report' ? [entry.report as UpgradeReport] : []));
}

/** The last upgrade in the short form of the status. */
export function lastUpgrade(entries: readonly Entry[]): SidecarStatus['last'] {
  const last = upgradeHistory(entries).at(-1);
  return last === undefined ? null : { outcome: last.outcome, at: last.at, to: last.to };
}
