/** The command `weir status`. */
import * as Args from '@oclif/core/args';
import * as Flags from '@oclif/core/flags';
import type { CommandOutcome, StreamOutcome } from '../cli/base-command.ts';
import { durationFlag } from '../cli/flags.ts';
import { samePlace } from '../cli/same-place.ts';
import { proseColumns } from '../cli/terminal.ts';
import { InterceptCommand } from '../interception/cli/intercept-command.ts';
import { statusText } from '../interception/cli/status-text.ts';
import { reportStatus, type StatusReport } from '../interception/report-status.ts';
import type { Warned } from '../interception/switch-result.ts';

/** All applications, sidecars and what is wrong. */
export default class StatusCommand extends InterceptCommand<typeof StatusCommand, StatusReport> {
  static override summary = 'Show applications, sidecars and what is wrong, on one screen.';
  static override description = 'Works without mesh.yaml. Changes nothing and waits for no lock.';
  static override strict = false;
  static override args = { app: Args.string({ description: 'Applications to show; all without a name.' }) };
  static override flags = {
    watch: Flags.boolean({ summary: 'Go on until Ctrl-C; with --json one document a line.' }),
    interval: durationFlag({
      default: 1000,
      min: 100,
      defaultHelp: async () => '1s',
      summary: 'How often --watch looks.',
    }),
  };
  static override examples = ['<%= config.bin %> status', '<%= config.bin %> status payment --watch'];

  protected override async execute(): Promise<CommandOutcome<StatusReport> | StreamOutcome> {
    const config = await this.meshConfigIfGood();
    const host = await this.host();
    const look = (): Promise<Warned<StatusReport>> => reportStatus(host, { config, apps: [...new Set(this.words)] });
    if (!this.flags.watch) return this.outcome(await look());
    const live = process.stdout.isTTY === true && !this.flags.json && process.env.TERM !== 'dumb';
    if (live) {
      const { watchStatus } = await import('../interception/cli/status-watch.ts');
      await watchStatus({
        look,
        intervalMs: this.flags.interval,
        samePlace: samePlace(this.argv),
        signal: this.signal,
      });
      return { streamed: true };
    }
    while (!this.signal.aborted) {
      this.emit(this.outcome(await look()));
      await this.untilRead();
      await host.clock.sleep(this.flags.interval, this.signal).catch(() => undefined);
    }
    return { streamed: true };
  }

  private outcome({ result, warnings }: Warned<StatusReport>): CommandOutcome<StatusReport> {
    for (const warning of warnings) this.warn(warning);
    return {
      result,
      text: (paint) =>
        statusText(result, paint, {
          columns: proseColumns('stdout'),
          nowMs: Date.now(),
          samePlace: samePlace(this.argv),
        }),
    };
  }
}
