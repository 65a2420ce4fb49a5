/** The command `weir discovery run`. */
import { type StreamOutcome, WeirCommand } from '../../cli/base-command.ts';
import { CommandOutput } from '../../cli/command-output.ts';
import { metricsFileFlag } from '../../cli/flags.ts';
import type { AgentNews } from '../../discovery/agent/discovery-event.ts';
import { runAgent } from '../../discovery/compose-run.ts';

/** The discovery agent of this host, in the foreground. */
export default class DiscoveryRunCommand extends WeirCommand<typeof DiscoveryRunCommand, AgentNews> {
  static override summary = 'Run the discovery agent: follow the registries and hand Envoys what changes.';
  static override description =
    'Stays in the foreground. Envoys ask it over discovery.socket (delta ADS) and are answered after the first complete listing, or from the snapshot in the state directory. A list that is empty or shrinks sharply is held until a second look. SIGHUP reads mesh.yaml again; SIGTERM ends the agent, and Envoys keep what they have.';
  static override flags = {
    'metrics-file': metricsFileFlag,
  };
  static override examples = [
    '<%= config.bin %> discovery run',
    '<%= config.bin %> discovery run --metrics-file /var/lib/prometheus/node-exporter/weir-discovery.prom',
  ];
  protected override readonly endingSignals = ['SIGINT', 'SIGTERM'] as const;
  /** A reader of its events that goes away must not end the agent. */
  protected override readonly endsWithReader = false;

  protected override async execute(): Promise<StreamOutcome> {
    const { config, 'run-dir': runDir, 'state-dir': stateDir, json, verbose, 'metrics-file': metricsFile } = this.flags;
    const output = new CommandOutput({ json, verbose });
    const exit = await runAgent(
      {
        ...{ config, runDir, stateDir, json, verbose, metricsFile: metricsFile ?? null },
        weirVersion: this.config.version,
      },
      output,
    );
    return { streamed: true, exit };
  }
}
