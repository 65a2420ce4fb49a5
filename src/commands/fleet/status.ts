/** The command `weir fleet status`. */
import * as Args from '@oclif/core/args';
import * as Flags from '@oclif/core/flags';
import type { CommandOutcome, StreamOutcome } from '../../cli/base-command.ts';
import { durationFlag } from '../../cli/flags.ts';
import { FleetCommand } from '../../fleet/text/fleet-command.ts';
import { fleetStatusText } from '../../fleet/text/fleet-status-text.ts';
import { type FleetStatus, fleetStatus, interruptedWait, notAsDesired } from '../../fleet/usecases/fleet-status.ts';
import { humanDuration } from '../../platform/duration.ts';

/** How often --watch and --wait look, in ms. */
const LOOK_MS = 1_000;

/** Shows how every host is, beside what the policies want. */
export default class FleetStatusCommand extends FleetCommand<typeof FleetStatusCommand, FleetStatus> {
  static override summary = 'Show the hosts of all regions: as desired, or why not.';
  static override description =
    'Ends with 1 when a region is unreachable, a host is not as desired, or an object cannot be read.';
  static override args = { app: Args.string({ description: 'Only this application.' }) };
  static override flags = {
    watch: Flags.boolean({ summary: 'Again at every change, until Ctrl-C; one document a line with --json.' }),
    wait: Flags.boolean({ summary: 'Until all is as desired.', exclusive: ['watch'] }),
    timeout: durationFlag({ default: 60_000, summary: 'How long --wait waits.' }),
  };
  static override examples = ['<%= config.bin %> fleet status', '<%= config.bin %> fleet status payment --region east'];

  protected override async execute(): Promise<CommandOutcome<FleetStatus> | StreamOutcome> {
    const fleet = await this.fleet();
    const { watch, wait, timeout } = this.flags;
    const look = async () => await fleetStatus(fleet, { app: this.args.app ?? null, regions: this.regions });
    const end = fleet.monotonic() + timeout;
    const isLive = watch && process.stdout.isTTY === true && !this.flags.json && process.env.TERM !== 'dumb';
    const view = isLive ? (await import('../../fleet/text/fleet-status-watch.ts')).drawFleetStatus() : null;
    let shown = '';
    try {
      for (;;) {
        const { result, isGood, warnings } = await look();
        const outcome = {
          result,
          exit: isGood ? (0 as const) : (1 as const),
          text: (paint: Parameters<typeof fleetStatusText>[1]) => fleetStatusText(result, paint),
        };
        const text = JSON.stringify(result, (key, value) =>
          key === 'ageMs' || key === 'revision' || key === 'clock' ? undefined : value,
        );
        if (view !== null) view.draw(result);
        else if (watch && text !== shown) this.emit(outcome);
        shown = text;
        if (watch) await this.untilRead();
        if (!watch && (isGood || !wait)) {
          for (const warning of warnings) this.warn(warning);
          return outcome;
        }
        if (wait && fleet.monotonic() >= end) throw notAsDesired(result, humanDuration(timeout));
        await fleet.sleep(LOOK_MS, this.signal).catch(() => undefined);
        if (!this.signal.aborted) continue;
        if (watch) return { streamed: true };
        throw interruptedWait(this.signal, result);
      }
    } finally {
      view?.close();
    }
  }
}
