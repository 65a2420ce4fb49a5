/** The command `weir confirm`. */
import * as Args from '@oclif/core/args';
import type { CommandOutcome } from '../cli/base-command.ts';
import { InterceptCommand } from '../interception/cli/intercept-command.ts';
import { formatMs } from '../interception/cli/switch-text.ts';
import { type ConfirmResult, confirmApps } from '../interception/confirm-apps.ts';

/** Keeps what `on --confirm` made. */
export default class ConfirmCommand extends InterceptCommand<typeof ConfirmCommand, ConfirmResult> {
  static override summary = 'Keep what `weir on --confirm` made.';
  static override description =
    'Takes the deadline out of the rules. Without a name, for every unconfirmed application.';
  static override strict = false;
  static override args = { app: Args.string({ description: 'Applications that are unconfirmed.' }) };
  static override examples = ['<%= config.bin %> confirm payment', '<%= config.bin %> confirm'];

  protected override async execute(): Promise<CommandOutcome<ConfirmResult>> {
    const host = await this.host();
    const readDeclared = async (): Promise<string[]> => [...((await this.meshConfigIfGood())?.apps.keys() ?? [])];
    const { result, warnings } = await confirmApps(host, [...new Set(this.words)], readDeclared, {
      report: this.report,
      signal: this.signal,
    });
    for (const warning of warnings) this.warn(warning);
    const text = (): string =>
      result.confirmed.length === 0 ? '' : `${result.confirmed.join(', ')}: confirmed (${formatMs(result.ms)})`;
    return { result, text };
  }
}
