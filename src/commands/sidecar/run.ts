/** The command `weir sidecar run`. */
import * as Args from '@oclif/core/args';
import * as Flags from '@oclif/core/flags';
import type { StreamOutcome } from '../../cli/base-command.ts';
import { CommandOutput } from '../../cli/command-output.ts';
import { metricsFileFlag } from '../../cli/flags.ts';
import { SidecarCommand } from '../../sidecar/cli/sidecar-command.ts';
import { orGoBack, runSidecar, runSidecars } from '../../sidecar/compose-run.ts';
import type { SupervisorEvent } from '../../sidecar/supervisor/supervisor-event.ts';

/** The supervisor of one sidecar or of several, in the foreground. */
export default class SidecarRunCommand extends SidecarCommand<typeof SidecarRunCommand, SupervisorEvent> {
  static override summary = 'Run sidecars: start their Envoys, keep them running, serve upgrades.';
  static override description =
    'Stays in the foreground. With one name it supervises that sidecar. With several names, or without one for all of mesh.yaml that weir runs, one process supervises them all; one that cannot be started is tried again and leaves the others alone. SIGHUP then also starts what mesh.yaml has more, and stops what it has no more. Envoy itself is not its child: a killed supervisor leaves the traffic alone, and a new one adopts the Envoy that it finds. SIGHUP upgrades with the files in place, SIGUSR1 reopens the logs, SIGTERM drains and stops. In the two containers of an OpenKruise hot upgrade SIDECARSET_VERSION and SIDECARSET_VERSION_ALT say whether it starts the sidecar, takes over that of the other container, or idles.';
  static override strict = false;
  static override args = { name: Args.string({ description: 'Sidecars of mesh.yaml; none: all that weir runs.' }) };
  static override flags = {
    'metrics-file': metricsFileFlag,
    'dry-run': Flags.boolean({
      summary: 'Make the checks of a start, say what it would do, and start nothing.',
    }),
  };
  static override examples = [
    '<%= config.bin %> sidecar run main',
    '<%= config.bin %> sidecar run',
    '<%= config.bin %> sidecar run main --metrics-file /var/lib/prometheus/node-exporter/weir-main.prom',
  ];
  protected override readonly endingSignals = ['SIGINT', 'SIGTERM'] as const;
  /** A reader of its events that goes away must not leave the sidecar without a supervisor. */
  protected override readonly endsWithReader = false;

  protected override async execute(): Promise<StreamOutcome> {
    const {
      config,
      'run-dir': runDir,
      'state-dir': stateDir,
      json,
      verbose,
      'metrics-file': metricsFile,
      'dry-run': dryRun,
    } = this.flags;
    const places = { config, runDir, stateDir, netns: this.netns };
    const run = {
      ...places,
      json,
      verbose,
      metricsFile: metricsFile ?? null,
      weirVersion: this.config.version,
      dryRun,
    };
    const output = new CommandOutput({ json, verbose });
    const names = [...new Set(this.words)];
    const [name] = names;
    const isOne = names.length === 1 && name !== undefined;
    const exit = await orGoBack(() =>
      isOne ? runSidecar(run, name, output) : runSidecars(run, names.length === 0 ? null : names, output),
    );
    return { streamed: true, exit };
  }
}
