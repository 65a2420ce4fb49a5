/** The command `weir off`. */
import * as Args from '@oclif/core/args';
import * as Flags from '@oclif/core/flags';
import type { CommandOutcome } from '../cli/base-command.ts';
import { appNames, noAppNamed } from '../interception/app-names.ts';
import { existingFlags, InterceptCommand } from '../interception/cli/intercept-command.ts';
import { directLine, switchedOffText } from '../interception/cli/switch-text.ts';
import { readSituation } from '../interception/situation.ts';
import { switchOff } from '../interception/switch-off.ts';
import type { SwitchEvent, SwitchResult } from '../interception/switch-result.ts';

/** Lets new connections of applications go direct at once. */
export default class OffCommand extends InterceptCommand<typeof OffCommand, SwitchResult> {
  static override summary = 'Let new connections of applications go direct at once.';
  static override description =
    'Works without mesh.yaml, without the sidecar and while another weir command runs. Connections that are proxied are drained first; Ctrl-C leaves them as they are.';
  static override strict = false;
  static override args = { app: Args.string({ description: 'Applications that are on.' }) };
  static override flags = {
    all: Flags.boolean({ summary: 'Every application that is on.' }),
    ...existingFlags,
    reason: Flags.string({ helpValue: 'TEXT', summary: 'Why, for the journal and for `weir status`.' }),
  };
  static override examples = [
    '<%= config.bin %> off payment',
    '<%= config.bin %> off --all --existing cut --reason INC-1234',
  ];

  protected override async execute(): Promise<CommandOutcome<SwitchResult>> {
    const { flags } = this;
    const host = await this.host();
    const apps = flags.all ? ('all' as const) : [...new Set(this.words)];
    if (apps.length === 0) {
      const config = await this.meshConfigIfGood();
      throw noAppNamed(
        appNames(config, await readSituation(host, 'remembered')),
        config?.file ?? 'this host',
        'takes --all',
      );
    }
    const { result, warnings, isWhole } = await switchOff(host, {
      readConfig: () => this.meshConfigIfGood(),
      apps,
      existing: flags.existing,
      drainMs: flags.drain,
      reason: flags.reason ?? null,
      signal: this.signal,
      report: (event) => this.tell(event),
    });
    for (const warning of warnings) this.warn(warning);
    return { result, exit: isWhole ? 0 : 1, text: (paint) => switchedOffText(result, paint) };
  }

  /** The one line that an operator waits for comes at once, whatever follows. */
  private tell(event: SwitchEvent): void {
    if (event.step === 'direct') this.announce(directLine(event.apps, event.ms));
    else this.report(event);
  }
}
