/** The command `weir fleet diff`. */
import * as Args from '@oclif/core/args';
import type { CommandOutcome } from '../../cli/base-command.ts';
import { FleetCommand } from '../../fleet/text/fleet-command.ts';
import { differencesText } from '../../fleet/text/objects-text.ts';
import { type Differences, diffObjects } from '../../fleet/usecases/apply-objects.ts';
import { readObjectFiles } from '../../fleet/usecases/read-files.ts';

/** Shows how objects of files differ from those of the regions. */
export default class FleetDiffCommand extends FleetCommand<typeof FleetDiffCommand, Differences> {
  static override summary = 'Show how objects of files differ from those of the regions.';
  static override description = 'Ends with 1 when something differs.';
  static override strict = false;
  static override args = {
    file: Args.string({ required: true, description: 'Files of objects, one or more in each.' }),
  };
  static override examples = ['<%= config.bin %> fleet diff payment.yaml'];

  protected override async execute(): Promise<CommandOutcome<Differences>> {
    const { readObjectsText } = await import('../../fleet/compose.ts');
    const objects = await readObjectFiles(this.words, readObjectsText);
    const { result, isSame } = await diffObjects(await this.fleet(), { objects, regions: this.regions });
    return { result, exit: isSame ? 0 : 1, text: (paint) => differencesText(result, paint) };
  }
}
