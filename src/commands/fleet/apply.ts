/** The command `weir fleet apply`. */
import * as Args from '@oclif/core/args';
import * as Flags from '@oclif/core/flags';
import type { CommandOutcome } from '../../cli/base-command.ts';
import { FleetCommand, reasonFlag } from '../../fleet/text/fleet-command.ts';
import { appliedText } from '../../fleet/text/objects-text.ts';
import { type Applied, applyObjects } from '../../fleet/usecases/apply-objects.ts';
import { readObjectFiles } from '../../fleet/usecases/read-files.ts';

/** Writes objects of files into the regions. */
export default class FleetApplyCommand extends FleetCommand<typeof FleetApplyCommand, Applied> {
  static override summary = 'Write objects of files into the regions, by compare-and-swap.';
  static override description =
    'Every file is checked first: one bad object or one conflict writes none. An object with metadata.resourceVersion replaces that version only.';
  static override strict = false;
  static override args = {
    file: Args.string({ required: true, description: 'Files of objects, one or more in each.' }),
  };
  static override flags = {
    reason: reasonFlag,
    'dry-run': Flags.boolean({ summary: 'Check all and write nothing.' }),
  };
  static override examples = ['<%= config.bin %> fleet apply payment.yaml --reason CHG-77'];

  protected override async execute(): Promise<CommandOutcome<Applied>> {
    const { readObjectsText } = await import('../../fleet/compose.ts');
    const objects = await readObjectFiles(this.words, readObjectsText);
    const { reason, 'dry-run': dryRun } = this.flags;
    const request = { objects, regions: this.regions, reason: reason ?? null, dryRun: dryRun === true };
    const { result, isWhole } = await applyObjects(await this.fleet(), request);
    return { result, exit: isWhole ? 0 : 1, text: (paint) => appliedText(result, paint) };
  }
}
