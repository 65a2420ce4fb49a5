import { join } from 'node:path';
import * as Flags from '@oclif/core/flags';
import { type CommandOutcome, WeirCommand } from '../present/base-command.ts';
import { paintFor } from '../present/paint.ts';
import { tourEndLine, tourStepLines } from '../present/tour-text.ts';
import { type TourWatcher, type WalkedTour, walkTour } from '../usecases/tour/walk-tour.ts';

/** The main job end to end, in throw-away network namespaces. */
export default class TourCommand extends WeirCommand<typeof TourCommand, WalkedTour> {
  static override summary = 'See the main job end to end in throw-away network namespaces.';
  static override description =
    'A client application, a second one, a real Envoy and an upstream: on, off, a rule swap under load, an expiring --confirm, a dead Envoy and the panic file, and Envoy replaced by another version under load; then a Groovy routing script becomes proven documents. Nothing on the host changes; Ctrl-C cleans up. Exits 1 when a step is not as promised.';
  static override flags = {
    envoy: Flags.string({ helpValue: 'PATH', summary: 'The Envoy binary to use.' }),
  };
  static override examples = ['<%= config.bin %> tour', '<%= config.bin %> tour --envoy /usr/local/bin/envoy'];

  protected override async execute(): Promise<CommandOutcome<WalkedTour>> {
    const { flags } = this;
    const [{ findEnvoys }, { becomeRootOfUserNamespace }, { openRealTourLab }, { systemClock }] = await Promise.all([
      import('../host/tour/find-envoy.ts'),
      import('../host/tour/become-root.ts'),
      import('../host/tour/real-tour-lab.ts'),
      import('../host/clock.ts'),
    ]);
    const entry = join(this.config.root, 'bin/run.js');
    becomeRootOfUserNamespace([process.execPath, entry, 'tour', ...this.argv]);
    const envoys = findEnvoys(flags.envoy, this.config.root);
    const actor = join(this.config.root, 'dist/host/tour/actor.js');
    const examples = join(this.config.root, 'docs/examples/rules');
    const live = process.stdout.isTTY === true && !flags.json && process.env.TERM !== 'dumb';
    const view = live ? (await import('../present/ui/tour-view.ts')).drawTour('weir tour') : null;
    const paint = paintFor(flags.json ? 'stderr' : 'stdout');
    const write = (line: string): void => (flags.json ? this.progress(line) : this.announce(line));
    const watch: TourWatcher = (index, title, walked) => {
      if (walked === null) view?.begin(index, title);
      else if (view !== null) view.finish(index, walked);
      else for (const line of tourStepLines(index, walked, paint)) write(line);
    };
    try {
      const lab = await openRealTourLab({ envoys, weir: [process.execPath, entry], actor, examples });
      try {
        const tour = await walkTour(lab, systemClock, this.signal, watch);
        return { result: tour, text: (painted) => `\n${tourEndLine(tour, painted)}`, exit: tour.ok ? 0 : 1 };
      } finally {
        await lab.close();
      }
    } finally {
      view?.close();
    }
  }
}
