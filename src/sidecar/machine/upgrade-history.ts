/** Upgrades and crashes, out of a sidecar's journal. */
import type { SidecarCrash, SidecarStatus, UpgradeReport } from './upgrade-report.ts';

/** The fields of a journal entry about an upgrade. */
type Entry = { readonly kind: string; readonly report?: unknown };

/** Fields that an earlier weir did not write. */
const UNSAID = { actor: null, note: null };

/** The fields of a journal entry about a crash. */
type CrashEntry = {
  readonly kind: string;
  readonly at: string;
  readonly detail?: string;
  readonly version?: string | null;
  readonly crashes?: number;
};

/** Envoys of a sidecar that ended unasked or could not be started, oldest first. */
export function crashHistory(entries: readonly CrashEntry[]): SidecarCrash[] {
  return entries.flatMap(({ kind, at, detail = '', version = null, crashes = 1 }) =>
    kind === 'crash' ? [{ at, detail, version, inARow: crashes }] : [],
  );
}

/** The ends of upgrades in a sidecar's journal, oldest first. */
export function upgradeHistory(entries: readonly Entry[]): UpgradeReport[] {
  return entries.flatMap((entry) =>
    entry.kind === 'report' ? [{ ...UNSAID, ...(entry.report as UpgradeReport) }] : [],
  );
}

/** The last upgrade in the short form of the status. */
export function lastUpgrade(entries: readonly Entry[]): SidecarStatus['last'] {
  const last = upgradeHistory(entries).at(-1);
  return last === undefined ? null : { outcome: last.outcome, at: last.at, to: last.to };
}
