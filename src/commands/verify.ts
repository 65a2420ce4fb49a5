import * as Args from '@oclif/core/args';
import type { CommandOutcome } from '../present/base-command.ts';
import { InterceptCommand } from '../present/intercept-command.ts';
import { verifyText } from '../present/verify-text.ts';
import { type Verification, verifyApps } from '../usecases/verify-apps.ts';

/** Proves interception in three depths. */
export default class VerifyCommand extends InterceptCommand<typeof VerifyCommand, Verification> {
  static override summary = 'Prove interception: text and order of the rules, counters, real packets.';
  static override description =
    'Exits 1 when anything is not as it should be. Without a name, for every application that is on.';
  static override strict = false;
  static override args = { app: Args.string({ description: 'Applications that are on.' }) };
  static override examples = ['<%= config.bin %> verify', '<%= config.bin %> verify payment --json'];

  protected override async execute(): Promise<CommandOutcome<Verification>> {
    const config = await this.meshConfigIfGood();
    const { result, warnings } = await verifyApps(await this.host(), config, [...new Set(this.words)]);
    for (const warning of warnings) this.warn(warning);
    return { result, text: (paint) => verifyText(result, paint), exit: result.passed ? 0 : 1 };
  }
}
