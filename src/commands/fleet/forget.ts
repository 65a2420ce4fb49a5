/** The command `weir fleet forget`. */
import * as Args from '@oclif/core/args';
import type { CommandOutcome } from '../../cli/base-command.ts';
import { FleetCommand, reasonFlag } from '../../fleet/text/fleet-command.ts';
import { forgetHost } from '../../fleet/usecases/confirm-store.ts';

type Result = { readonly host: string; readonly regions: readonly string[] };

/** Removes a host that is gone for good. */
export default class FleetForgetCommand extends FleetCommand<typeof FleetForgetCommand, Result> {
  static override summary = 'Remove a host that is gone for good.';
  static override description = 'A host that still runs comes back by itself.';
  static override args = { host: Args.string({ required: true, description: 'The host.' }) };
  static override flags = { reason: reasonFlag };
  static override examples = ['<%= config.bin %> fleet forget host-1'];

  protected override async execute(): Promise<CommandOutcome<Result>> {
    const request = { regions: this.regions, reason: this.flags.reason ?? null };
    const { result, warnings } = await forgetHost(await this.fleet(), this.args.host, request);
    for (const warning of warnings) this.warn(warning);
    const exit = warnings.length === 0 ? 0 : 1;
    return { result, exit, text: () => `${result.host} is forgotten in ${result.regions.join(', ')}` };
  }
}
