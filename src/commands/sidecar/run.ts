import * as Args from '@oclif/core/args';
import * as Flags from '@oclif/core/flags';
import { readSupervisedSidecar } from '../../host/envoy/supervised-sidecar.ts';
import { becomeLean } from '../../host/lean-runtime.ts';
import { openMetricsFile } from '../../host/metrics-file.ts';
import { becomeReapingInit } from '../../host/reaping-init.ts';
import type { StreamOutcome } from '../../present/base-command.ts';
import { CommandOutput } from '../../present/command-output.ts';
import { SidecarCommand } from '../../present/sidecar-command.ts';
import type { SuperviseTask } from '../../present/supervise.ts';
import { containerRole } from '../../upgrade/container-role.ts';
import type { SupervisorEvent } from '../../usecases/sidecar/supervisor-event.ts';

/** The supervisor of one sidecar, in the foreground. */
export default class SidecarRunCommand extends SidecarCommand<typeof SidecarRunCommand, SupervisorEvent> {
  static override summary = 'Run a sidecar: start Envoy, keep it running, serve upgrades.';
  static override description =
    'Stays in the foreground. Envoy itself is not its child: a killed supervisor leaves the traffic alone, and a new one adopts the Envoy that it finds. SIGHUP upgrades with the files in place, SIGUSR1 reopens the logs, SIGTERM drains and stops. In the two containers of an OpenKruise hot upgrade SIDECARSET_VERSION and SIDECARSET_VERSION_ALT say whether it starts the sidecar, takes over that of the other container, or idles.';
  static override args = { name: Args.string({ required: true, description: 'A sidecar of mesh.yaml.' }) };
  static override flags = {
    'metrics-file': Flags.string({
      helpValue: 'FILE',
      summary: "Keep metrics there for node_exporter's textfile collector; ends in .prom.",
    }),
  };
  static override examples = [
    '<%= config.bin %> sidecar run main',
    '<%= config.bin %> sidecar run main --metrics-file /var/lib/prometheus/node-exporter/weir-main.prom',
  ];
  protected override readonly endingSignals = ['SIGINT', 'SIGTERM'] as const;
  /** A reader of its events that goes away must not leave the sidecar without a supervisor. */
  protected override readonly endsWithReader = false;

  protected override async execute(): Promise<StreamOutcome> {
    becomeReapingInit();
    const role = containerRole(process.env);
    const { name } = this.args;
    const { config, 'run-dir': runDir, 'state-dir': stateDir, json, verbose, 'metrics-file': metricsFile } = this.flags;
    const output = new CommandOutput({ json, verbose });
    if (role === 'idle') {
      // An idle container may be an image with neither mesh.yaml nor Envoy.
      const { idle } = await import('../../present/supervise.ts');
      return await idle(name, output, json);
    }
    if (metricsFile !== undefined) await openMetricsFile(metricsFile);
    const sidecar = await readSupervisedSidecar(config, name);
    const weirVersion = this.config.version;
    const places = { config, runDir, stateDir, netns: this.netns };
    const task: SuperviseTask = {
      ...{ name, ...places, json, verbose, role, sidecar, weirVersion },
      metricsFile: metricsFile ?? null,
    };
    becomeLean('present/supervise-program', task);
    const { runSupervisor } = await import('../../present/run-supervisor.ts');
    return { streamed: true, exit: await runSupervisor(task, output) };
  }
}
