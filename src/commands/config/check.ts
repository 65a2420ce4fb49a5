/** The command `weir config check`. */
import * as Flags from '@oclif/core/flags';
import { type CommandOutcome, WeirCommand } from '../../cli/base-command.ts';
import { loadMeshConfig, readMeshConfig } from '../../mesh/compose.ts';
import { type ConfigSummary, summarizeConfig } from '../../mesh/config-summary.ts';
import { formatConfigSummary } from '../../mesh/text/config-summary-text.ts';

/** Reads mesh.yaml as every other command does and shows what it says, or everything that is wrong with it. */
export default class ConfigCheckCommand extends WeirCommand<typeof ConfigCheckCommand, ConfigSummary> {
  static override summary = 'Check mesh.yaml and show what it says.';
  static override description =
    'Lists every mistake with its line and column, and ends with 2 if there is one. Changes nothing.';
  static override flags = {
    offline: Flags.boolean({
      summary: 'Do not look up users and groups: for a file that is meant for another host.',
    }),
  };
  static override examples = [
    '<%= config.bin %> config check',
    '<%= config.bin %> config check --config ./mesh.yaml --offline',
  ];

  protected override async execute(): Promise<CommandOutcome<ConfigSummary>> {
    const { config: file, offline } = this.flags;
    const result = summarizeConfig(await (offline ? readMeshConfig(file) : loadMeshConfig(file)));
    return { result, text: (paint) => formatConfigSummary(result, paint) };
  }
}
