import * as Args from '@oclif/core/args';
import { loadMeshConfig } from '../../host/config-file.ts';
import { sidecarJournalPath } from '../../host/envoy/open-sidecar.ts';
import { readSidecarJournal } from '../../host/envoy/sidecar-journal.ts';
import { requireSidecar } from '../../host/envoy/sidecar-spec.ts';
import { type CommandOutcome, WeirCommand } from '../../present/base-command.ts';
import { formatHistoryLine } from '../../present/upgrade-text.ts';
import { upgradeHistory } from '../../upgrade/upgrade-history.ts';
import type { UpgradeReport } from '../../upgrade/upgrade-report.ts';

interface HistoryResult {
  readonly entries: readonly UpgradeReport[];
}

/** The upgrades of a sidecar, oldest first. */
export default class SidecarHistoryCommand extends WeirCommand<typeof SidecarHistoryCommand, HistoryResult> {
  static override summary = 'Show the upgrades of a sidecar, oldest first.';
  static override description = 'Read from the journal; works without a supervisor.';
  static override args = { name: Args.string({ required: true, description: 'A sidecar of mesh.yaml.' }) };
  static override examples = ['<%= config.bin %> sidecar history main'];

  protected override async execute(): Promise<CommandOutcome<HistoryResult>> {
    const { name } = this.args;
    requireSidecar(await loadMeshConfig(this.flags.config), name);
    const entries = upgradeHistory(await readSidecarJournal(sidecarJournalPath(this.flags['state-dir'], name)));
    const text = entries.length === 0 ? `${name}: no upgrade yet` : entries.map(formatHistoryLine).join('\n');
    return { result: { entries }, text: () => text };
  }
}
