/** The command `weir sidecar history`. */
import * as Args from '@oclif/core/args';
import type { CommandOutcome } from '../../cli/base-command.ts';
import { SidecarCommand } from '../../sidecar/cli/sidecar-command.ts';
import { formatHistory } from '../../sidecar/cli/upgrade-text.ts';
import { readHistory, type SidecarHistory } from '../../sidecar/usecases/read-history.ts';

type HistoryResult = Omit<SidecarHistory, 'warnings'>;

/** The upgrades of a sidecar, oldest first. */
export default class SidecarHistoryCommand extends SidecarCommand<typeof SidecarHistoryCommand, HistoryResult> {
  static override summary = 'Show the upgrades and crashes of a sidecar, oldest first.';
  static override description = 'Read from the journal; works without a supervisor.';
  static override args = { name: Args.string({ required: true, description: 'A sidecar of mesh.yaml.' }) };
  static override examples = ['<%= config.bin %> sidecar history main'];

  protected override async execute(): Promise<CommandOutcome<HistoryResult>> {
    const { name } = this.args;
    const { warnings, ...history } = await readHistory(this.ports, name);
    for (const warning of warnings) this.warn(warning);
    return { result: history, text: () => formatHistory(name, history) };
  }
}
