/** The command `weir host confirm`. */
import { type CommandOutcome, WeirCommand } from '../../cli/base-command.ts';

type Result = { readonly confirmed: boolean };

/** Tells the daemon of this host that the store which it holds is the right one. */
export default class HostConfirmCommand extends WeirCommand<typeof HostConfirmCommand, Result> {
  static override summary = 'Tell the daemon of this host that the store which it holds is the right one.';
  static override description = '`weir fleet confirm` does it for all hosts of a region.';
  static override examples = ['<%= config.bin %> host confirm'];

  protected override async execute(): Promise<CommandOutcome<Result>> {
    const { confirmOnHost } = await import('../../fleet/compose-host.ts');
    const confirmed = await confirmOnHost(this.flags['run-dir']);
    return {
      result: { confirmed },
      text: () => (confirmed ? 'the store is believed again' : 'the store was not held'),
    };
  }
}
