/** The command `weir tour`. */
import * as Flags from '@oclif/core/flags';
import { type CommandOutcome, WeirCommand } from '../cli/base-command.ts';
import { paintFor } from '../cli/paint.ts';
import { tourEndLine, tourStepLines } from '../tour/text/tour-text.ts';
import { type TourWatcher, type WalkedTour, walkTour } from '../tour/walk-tour.ts';

/** The main job end to end, in throw-away network namespaces. */
export default class TourCommand extends WeirCommand<typeof TourCommand, WalkedTour> {
  static override summary = 'See the main job end to end in throw-away network namespaces.';
  static override description =
    'A client application, a second one, a real Envoy and an upstream: on, off, a rule swap under load, an expiring --confirm, a dead Envoy and the panic file, and Envoy replaced under load; then a Groovy routing script becomes proven documents. Nothing on the host changes; Ctrl-C cleans up. Exits 1 when a step is not as promised.';
  static override flags = {
    envoy: Flags.string({ helpValue: 'PATH', summary: 'The Envoy binary to use.' }),
  };
  static override examples = ['<%= config.bin %> tour', '<%= config.bin %> tour --envoy /usr/local/bin/envoy'];

  protected override async execute(): Promise<CommandOutcome<WalkedTour>> {
    const { flags } = this;
    const { prepareTour } = await import('../tour/compose.ts');
    const prepared = prepareTour(this.config.root, this.argv, flags.envoy);
    const live = process.stdout.isTTY === true && !flags.json && process.env.TERM !== 'dumb';
    const view = live ? (await import('../tour/text/tour-view.ts')).drawTour('weir tour') : null;
    const paint = paintFor(flags.json ? 'stderr' : 'stdout');
    const write = (line: string): void => (flags.json ? this.progress(line) : this.announce(line));
    const watch: TourWatcher = (index, title, walked) => {
      if (walked === null) view?.begin(index, title);
      else if (view !== null) view.finish(index, walked);
      else for (const line of tourStepLines(index, walked, paint)) write(line);
    };
    try {
      const lab = await prepared.open();
      try {
        const tour = await walkTour(lab, prepared.clock, this.signal, watch);
        return { result: tour, text: (painted) => `\n${tourEndLine(tour, painted)}`, exit: tour.ok ? 0 : 1 };
      } finally {
        await lab.close();
      }
    } finally {
      view?.close();
    }
  }
}
