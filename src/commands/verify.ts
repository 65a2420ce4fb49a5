/** The command `weir verify`. */
import * as Args from '@oclif/core/args';
import type { CommandOutcome } from '../cli/base-command.ts';
import { proseColumns } from '../cli/terminal.ts';
import { InterceptCommand } from '../interception/cli/intercept-command.ts';
import { verifyText } from '../interception/cli/verify-text.ts';
import { type VerifiedApps, verifyApps } from '../interception/verify-apps.ts';

/** Proves interception in three depths. */
export default class VerifyCommand extends InterceptCommand<typeof VerifyCommand, VerifiedApps> {
  static override summary = 'Prove interception: the rules, their counters, real packets.';
  static override description =
    'Exits 1 when anything is not as it should be. Without a name, for every application that is on.';
  static override strict = false;
  static override args = { app: Args.string({ description: 'Applications that are on.' }) };
  static override examples = ['<%= config.bin %> verify', '<%= config.bin %> verify payment --json'];

  protected override async execute(): Promise<CommandOutcome<VerifiedApps>> {
    const { result, warnings } = await verifyApps(await this.host(), () => this.meshConfigIfGood(), [
      ...new Set(this.words),
    ]);
    for (const warning of warnings) this.warn(warning);
    return { result, text: (paint) => verifyText(result, paint, proseColumns('stdout')), exit: result.passed ? 0 : 1 };
  }
}
