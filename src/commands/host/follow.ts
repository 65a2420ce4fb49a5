/** The command `weir host follow`. */
import * as Args from '@oclif/core/args';
import type { CommandOutcome } from '../../cli/base-command.ts';
import { InterceptCommand } from '../../interception/cli/intercept-command.ts';
import { followFleet } from '../../interception/follow-fleet.ts';

type Result = { readonly apps: readonly string[] };

/** Ends overrides: the fleet decides again. */
export default class HostFollowCommand extends InterceptCommand<typeof HostFollowCommand, Result> {
  static override summary = 'End overrides of this host: the fleet decides again.';
  static override description =
    'An application that was switched off here stays off until the fleet wants it on. Without names: all of them.';
  static override strict = false;
  static override args = { app: Args.string({ description: 'Applications that were switched off here.' }) };
  static override examples = ['<%= config.bin %> host follow payment'];

  protected override async execute(): Promise<CommandOutcome<Result>> {
    const names = this.words.length === 0 ? ('all' as const) : [...new Set(this.words)];
    const readDeclared = async (): Promise<string[]> => [...((await this.meshConfigIfGood())?.apps.keys() ?? [])];
    const wait = { report: this.report, signal: this.signal };
    const apps = await followFleet(await this.host(), names, readDeclared, wait);
    const none = names === 'all' ? 'there is no override' : `there is no override of ${names.join(', ')}`;
    const text = () => (apps.length === 0 ? none : `the fleet decides again: ${apps.join(', ')}`);
    return { result: { apps }, text };
  }
}
