/** The command `weir operator run`. */
import * as Flags from '@oclif/core/flags';
import { type StreamOutcome, WeirCommand } from '../../cli/base-command.ts';
import { CommandOutput } from '../../cli/command-output.ts';
import { metricsFileFlag } from '../../cli/flags.ts';
import { fleetConfigFlag } from '../../fleet/text/fleet-command.ts';

/** The leader of a region, in the foreground. */
export default class OperatorRunCommand extends WeirCommand<typeof OperatorRunCommand, never> {
  static override summary = 'Lead a region: move the waves of its rollouts through their gates.';
  static override description =
    'Stays in the foreground. Of several operators of a region one leads, and another one takes over within seconds. SIGTERM gives leadership back.';
  static override flags = {
    'fleet-config': fleetConfigFlag,
    region: Flags.string({ required: true, helpValue: 'REGION', summary: 'The region of fleet.yaml.' }),
    'metrics-file': metricsFileFlag,
  };
  static override examples = [
    '<%= config.bin %> operator run --region east',
    '<%= config.bin %> operator run --region east --metrics-file /var/lib/prometheus/node-exporter/weir-operator.prom',
  ];
  protected override readonly endsWithReader = false;

  protected override async execute(): Promise<StreamOutcome> {
    const { flags } = this;
    const { runOperator } = await import('../../fleet/compose-operator.ts');
    const output = new CommandOutput({ json: flags.json, verbose: flags.verbose });
    const run = {
      ...{ fleetConfig: flags['fleet-config'], region: flags.region, metricsFile: flags['metrics-file'] ?? null },
    };
    const exit = await runOperator(run, output, this.signal);
    return { streamed: true, exit };
  }
}
