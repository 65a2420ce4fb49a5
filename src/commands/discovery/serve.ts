/** The command `weir discovery serve`. */
import * as Flags from '@oclif/core/flags';
import { type StreamOutcome, WeirCommand } from '../../cli/base-command.ts';
import { CommandOutput } from '../../cli/command-output.ts';
import { readListenPlace } from '../../cli/listen-place.ts';
import type { AgentNews } from '../../discovery/agent/discovery-event.ts';
import { runAgent } from '../../discovery/compose-run.ts';

/** A control plane of another stage than the agent of a host. */
export default class DiscoveryServeCommand extends WeirCommand<typeof DiscoveryServeCommand, AgentNews> {
  static override summary = 'Run a control plane beside one sidecar (pod) or for many hosts (central).';
  static override description =
    'The same core as `weir discovery run`, with the same resources, on an address of its own: beside the sidecar in a pod, or central for the sidecars of many hosts. It runs beside an agent, and `weir discovery status --stage` shows the hash of what each publishes. Whoever reaches an address may ask it. docs/guide/stages.md has the way from one stage to the next.';
  static override flags = {
    stage: Flags.option({
      options: ['pod', 'central'] as const,
      required: true,
      summary: 'For one sidecar of this host, or for all sidecars of mesh.yaml on any host.',
    })(),
    listen: Flags.string({
      required: true,
      helpValue: 'ADDRESS',
      summary: 'IP:PORT, or unix:/PATH for the account of the sidecar.',
    }),
    protocol: Flags.option({
      options: ['delta', 'sotw'] as const,
      summary: 'Answer this variant of xDS only: what changed, or the state of the world. Default: both.',
    })(),
    sidecar: Flags.string({ summary: 'With pod: the sidecar; not needed where only one consumes something.' }),
    ipv6: Flags.boolean({
      allowNo: true,
      summary: 'Let listeners bind IPv6 addresses as well. Default: as this host has them; with central, no.',
    }),
    'metrics-file': Flags.string({
      helpValue: 'FILE',
      summary: "Keep metrics there for node_exporter's textfile collector; ends in .prom.",
    }),
  };
  static override examples = [
    '<%= config.bin %> discovery serve --stage pod --listen unix:/run/weir/discovery.sock',
    '<%= config.bin %> discovery serve --stage central --listen 10.0.0.5:15010 --protocol sotw',
  ];
  protected override readonly endingSignals = ['SIGINT', 'SIGTERM'] as const;
  /** A reader of its events that goes away must not end it. */
  protected override readonly endsWithReader = false;

  protected override async execute(): Promise<StreamOutcome> {
    const { config, 'run-dir': runDir, 'state-dir': stateDir, json, verbose, 'metrics-file': metricsFile } = this.flags;
    const { stage, listen, protocol, sidecar, ipv6 } = this.flags;
    const exit = await runAgent(
      {
        ...{ config, runDir, stateDir, json, verbose, metricsFile: metricsFile ?? null },
        weirVersion: this.config.version,
        serve: {
          ...{ stage, listen: readListenPlace('listen', listen), sidecar: sidecar ?? null },
          variants: protocol === undefined ? ['delta', 'sotw'] : [protocol],
          ipv6: ipv6 ?? (stage === 'central' ? false : null),
        },
      },
      new CommandOutput({ json, verbose }),
    );
    return { streamed: true, exit };
  }
}
