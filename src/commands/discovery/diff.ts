/** The command `weir discovery diff`. */
import * as Args from '@oclif/core/args';
import type { CommandOutcome } from '../../cli/base-command.ts';
import { DiscoveryCommand } from '../../discovery/text/discovery-command.ts';
import { findingsText } from '../../discovery/text/findings-text.ts';
import { findDifferences, type LayoutDifference } from '../../discovery/usecases/find-differences.ts';

/** Compares the two registry layouts of an application. */
export default class DiffCommand extends DiscoveryCommand<
  typeof DiffCommand,
  { readonly differences: readonly LayoutDifference[] }
> {
  static override summary = 'Compare what the two registry layouts say of an application.';
  static override description =
    'To be run before a consumer is forced to one layout. Reads the registries once. Ends with 1 when they differ.';
  static override args = { app: Args.string({ description: 'The application.', required: true }) };
  static override examples = ['<%= config.bin %> discovery diff payment'];

  protected override async execute(): Promise<CommandOutcome<{ readonly differences: readonly LayoutDifference[] }>> {
    const mesh = await this.mesh();
    const differences = await findDifferences(mesh, this.args.app, this.registries);
    return {
      result: { differences },
      text: (paint) => findingsText(differences, { none: 'both layouts say the same', noun: 'difference' }, paint),
      exit: differences.length === 0 ? 0 : 1,
    };
  }
}
