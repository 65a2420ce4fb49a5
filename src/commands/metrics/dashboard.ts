/** The command `weir metrics dashboard`. */
import * as Flags from '@oclif/core/flags';
import { type CommandOutcome, WeirCommand } from '../../cli/base-command.ts';
import { type WrittenFiles, writeFiles } from '../../monitoring/compose.ts';
import { dashboardFile } from '../../monitoring/dashboard/dashboard.ts';
import { writtenText } from '../../monitoring/text/written-text.ts';

/** Writes a Grafana dashboard for everything that weir runs. */
export default class MetricsDashboardCommand extends WeirCommand<typeof MetricsDashboardCommand, WrittenFiles> {
  static override summary = 'Write a Grafana dashboard for fleet, hosts, sidecars and discovery.';
  static override description =
    'It asks the recording rules of `weir metrics rules` as well. Choose data source and region at its top.';
  static override flags = {
    out: Flags.string({ required: true, helpValue: 'DIR', summary: 'The folder for weir-dashboard.json.' }),
  };
  static override examples = ['<%= config.bin %> metrics dashboard --out .'];

  protected override async execute(): Promise<CommandOutcome<WrittenFiles>> {
    const result = await writeFiles(this.flags.out, [dashboardFile()]);
    return { result, text: (paint) => writtenText(result, paint) };
  }
}
