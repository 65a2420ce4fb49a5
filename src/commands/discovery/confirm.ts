/** The command `weir discovery confirm`. */
import * as Args from '@oclif/core/args';
import { type CommandOutcome, WeirCommand } from '../../cli/base-command.ts';
import { agentLine } from '../../discovery/compose.ts';
import { stageFlag } from '../../discovery/text/discovery-command.ts';
import { confirmList } from '../../discovery/usecases/ask-discovery.ts';

/** Believes a held list now. */
export default class DiscoveryConfirmCommand extends WeirCommand<
  typeof DiscoveryConfirmCommand,
  { readonly app: string; readonly released: boolean }
> {
  static override summary = 'Believe the held list of an application now.';
  static override description =
    'A list that is empty or shrinks sharply is held until a second look. This ends the hold at once: what the registries list is what Envoys get. Does nothing where nothing is held.';
  static override args = { app: Args.string({ description: 'The application.', required: true }) };
  static override flags = { stage: stageFlag };
  static override examples = ['<%= config.bin %> discovery confirm payment'];

  protected override async execute(): Promise<CommandOutcome<{ readonly app: string; readonly released: boolean }>> {
    const { app } = this.args;
    const released = await confirmList(agentLine(this.flags['run-dir'], this.flags.stage), app);
    const text = released ? `${app}: believed, Envoys get what the registries list` : `${app}: nothing was held`;
    return { result: { app, released }, text: () => text };
  }
}
