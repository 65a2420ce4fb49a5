/** Upgrades and crashes, out of a sidecar's journal. */
import { UNTOLD_END } from '../ports.ts';
import type { SidecarCrash, SidecarStatus, UpgradeReport } from './upgrade-report.ts';

/** The fields of a journal entry about an upgrade. */
type Entry = { readonly kind: string; readonly report?: unknown };

/** Fields that an earlier weir did not write. */
const UNSAID = { actor: null, note: null, dryRun: false, served: null };

/** The fields of a journal entry about a crash, or about the end of a process that was learned later. */
type CrashEntry = {
  readonly kind: string;
  readonly at: string;
  readonly id?: number | null;
  readonly detail?: string;
  readonly version?: string | null;
  readonly crashes?: number;
};

/** The part of a crash's words that a later note replaces. */
const UNTOLD = new RegExp(`${UNTOLD_END}(?:, .*)?$`, 's');

/** Envoys of a sidecar that ended unasked or could not be started, oldest first. */
export function crashHistory(entries: readonly CrashEntry[]): SidecarCrash[] {
  return entries.flatMap(({ kind, at, id = null, detail = '', version = null, crashes = 1 }, index) => {
    if (kind !== 'crash') return [];
    const end =
      id === null ? undefined : entries.find((other, at) => at > index && other.kind === 'end' && other.id === id);
    return [{ at, detail: detail.replace(UNTOLD, end?.detail ?? '$&'), version, inARow: crashes }];
  });
}

/** The ends of upgrades in a sidecar's journal, oldest first. */
export function upgradeHistory(entries: readonly Entry[]): UpgradeReport[] {
  return entries.flatMap((entry) =>
    entry.kind === 'report' ? [{ ...UNSAID, ...(entry.report as UpgradeReport) }] : [],
  );
}

/** The last report of a history that is about more than a dry run. */
export function lastAttempt(reports: readonly UpgradeReport[]): UpgradeReport | null {
  // An earlier weir told a dry run by its outcome alone.
  return reports.findLast(({ dryRun, outcome }) => !dryRun && outcome !== 'dry-run') ?? null;
}

/** The last upgrade in the short form of the status. */
export function lastUpgrade(entries: readonly Entry[]): SidecarStatus['last'] {
  const last = lastAttempt(upgradeHistory(entries));
  return last === null ? null : { outcome: last.outcome, at: last.at, to: last.to };
}
