import * as Args from '@oclif/core/args';
import * as Flags from '@oclif/core/flags';
import type { CommandOutcome } from '../present/base-command.ts';
import { existingFlags, InterceptCommand } from '../present/intercept-command.ts';
import { directLine, switchedOffText } from '../present/switch-text.ts';
import { appNames, noAppNamed } from '../usecases/app-names.ts';
import { readSituation } from '../usecases/situation.ts';
import { switchOff } from '../usecases/switch-off.ts';
import type { SwitchEvent, SwitchResult } from '../usecases/switch-result.ts';

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
    const config = await this.meshConfigIfGood();
    const host = await this.host();
    const apps = flags.all ? ('all' as const) : [...new Set(this.words)];
    if (apps.length === 0) {
      throw noAppNamed(appNames(config, await readSituation(host, 'remembered')), config?.file ?? 'this host');
    }
    const { result, warnings } = await switchOff(host, {
      config,
      apps,
      existing: flags.existing,
      drainMs: flags.drain,
      reason: flags.reason ?? null,
      signal: this.signal,
      report: (event) => this.tell(event),
    });
    for (const warning of warnings) this.warn(warning);
    return { result, text: (paint) => switchedOffText(result, paint) };
  }

  /** The one line that an operator waits for comes at once, whatever follows. */
  private tell(event: SwitchEvent): void {
    if (event.step === 'direct') this.announce(directLine(event.apps, event.ms));
    else this.report(event);
  }
}
