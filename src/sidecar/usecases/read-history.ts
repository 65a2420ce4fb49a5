/** The upgrades of a sidecar, from its journal. */
import { crashHistory, upgradeHistory } from '../machine/upgrade-history.ts';
import type { SidecarCrash, UpgradeReport } from '../machine/upgrade-report.ts';
import type { SidecarPorts } from './ports.ts';
import { requireSidecar } from './sidecar-spec.ts';

/** The history of a sidecar: the ends of its upgrades, the Envoys that ended unasked, and the gaps between them. */
export interface SidecarHistory {
  readonly entries: readonly UpgradeReport[];
  readonly crashes: readonly SidecarCrash[];
  readonly warnings: readonly string[];
}

/**
 * Oldest first; works without a supervisor, and for a sidecar with a journal without mesh.yaml. Throws WEIR4011 for a
 * name that neither knows.
 */
export async function readHistory(ports: SidecarPorts, name: string): Promise<SidecarHistory> {
  const { entries, newer } = await ports.journalOf(name);
  if (entries.length === 0 && newer === 0) requireSidecar(await ports.mesh.load(), name);
  const warning = `${newer} entries of the journal were written by a newer weir (WEIR2025) and are not shown`;
  return { entries: upgradeHistory(entries), crashes: crashHistory(entries), warnings: newer === 0 ? [] : [warning] };
}
