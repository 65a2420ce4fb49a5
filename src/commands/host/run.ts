/** The command `weir host run`. */
import * as Flags from '@oclif/core/flags';
import { type StreamOutcome, WeirCommand } from '../../cli/base-command.ts';
import { metricsFileFlag, netnsFlag } from '../../cli/flags.ts';
import { startHost } from '../../fleet/compose-host-run.ts';
import { fleetConfigFlag } from '../../fleet/text/fleet-command.ts';

/** The daemon of a host, in the foreground. */
export default class HostRunCommand extends WeirCommand<typeof HostRunCommand, never> {
  static override summary = 'Follow the fleet on this host: switch applications and sidecars as its region wants.';
  static override description =
    'Stays in the foreground. `weir off` and off.sh on this host beat the fleet until `weir on` or `weir host follow`. Without the store the host goes on as it is. SIGTERM ends it; rules and sidecars stay.';
  static override flags = {
    'fleet-config': fleetConfigFlag,
    netns: netnsFlag(),
    'metrics-file': metricsFileFlag,
    pod: Flags.boolean({
      summary: 'This is a container beside a sidecar: the host is the pod, with its name, labels and annotations.',
    }),
    'pod-info': Flags.string({
      default: '/etc/podinfo',
      helpValue: 'DIR',
      summary: 'The downward API volume with name, namespace, labels and annotations; for --pod.',
    }),
  };
  static override examples = [
    '<%= config.bin %> host run',
    '<%= config.bin %> host run --pod',
    '<%= config.bin %> host run --metrics-file /var/lib/prometheus/node-exporter/weir-host.prom',
  ];
  protected override readonly endsWithReader = false;

  protected override async execute(): Promise<StreamOutcome> {
    const { flags } = this;
    const task = {
      fleetConfig: flags['fleet-config'],
      config: flags.config,
      runDir: flags['run-dir'],
      stateDir: flags['state-dir'],
      netns: flags.netns ?? '',
      weirVersion: this.config.version,
      podInfo: flags.pod ? flags['pod-info'] : null,
      metricsFile: flags['metrics-file'] ?? null,
      json: flags.json,
      verbose: flags.verbose,
    };
    return { streamed: true, exit: await startHost(task) };
  }
}
