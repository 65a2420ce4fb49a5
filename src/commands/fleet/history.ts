/** The command `weir fleet history`. */
import type { CommandOutcome } from '../../cli/base-command.ts';
import type { HistoryEntry } from '../../fleet/model/records.ts';
import { FleetCommand } from '../../fleet/text/fleet-command.ts';
import { historyText } from '../../fleet/text/objects-text.ts';
import { readFleetHistory } from '../../fleet/usecases/read-fleet-history.ts';

type Result = { readonly entries: readonly HistoryEntry[] };

/** Lists who changed what, when and why. */
export default class FleetHistoryCommand extends FleetCommand<typeof FleetHistoryCommand, Result> {
  static override summary = 'List who changed what, when and why, oldest first.';
  static override examples = ['<%= config.bin %> fleet history --region east'];

  protected override async execute(): Promise<CommandOutcome<Result>> {
    const { entries, warnings } = await readFleetHistory(await this.fleet(), this.regions);
    for (const warning of warnings) this.warn(warning);
    return {
      result: { entries },
      exit: warnings.length === 0 ? 0 : 1,
      text: (paint) => historyText({ entries }, paint),
    };
  }
}
