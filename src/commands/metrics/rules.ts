/** The command `weir metrics rules`. */
import * as Flags from '@oclif/core/flags';
import { type CommandOutcome, WeirCommand } from '../../cli/base-command.ts';
import { wrongFlagValue } from '../../cli/flags.ts';
import { type WrittenFiles, writeFiles } from '../../monitoring/compose.ts';
import { ruleFiles } from '../../monitoring/rule-files.ts';
import { writtenText } from '../../monitoring/text/written-text.ts';

/** Writes the rules of Prometheus for everything that weir runs. */
export default class MetricsRulesCommand extends WeirCommand<typeof MetricsRulesCommand, WrittenFiles> {
  static override summary = 'Write recording and alerting rules for Prometheus, with their unit tests.';
  static override description =
    'For supervisors, discovery agents, host daemons and operators that run with --metrics-file. Each alert has a severity (page, ticket), a runbook in the guide alerts.md, and unit tests for promtool. alertmanager.yml has routes by severity. Files that weir did not write are left alone.';
  static override flags = {
    out: Flags.string({ required: true, helpValue: 'DIR', summary: 'The folder for the files.' }),
    guides: Flags.string({
      default: 'docs/guide/',
      helpValue: 'URL',
      summary: 'Where your copy of the guides is, for the runbooks of alerts.',
    }),
    'remote-write': Flags.string({
      helpValue: 'URL',
      summary: 'Also write remote_write settings for this receiver (ARMS or another one).',
    }),
  };
  static override examples = [
    '<%= config.bin %> metrics rules --out /etc/prometheus/weir',
    '<%= config.bin %> metrics rules --out . --remote-write https://prometheus.example/api/v1/write',
  ];

  protected override async execute(): Promise<CommandOutcome<WrittenFiles>> {
    const { out, guides, 'remote-write': receiver } = this.flags;
    if (receiver !== undefined && !/^https?:\/\/[^/]+/.test(receiver))
      throw wrongFlagValue('remote-write', receiver, 'a URL such as https://prometheus.example/api/v1/write');
    const result = await writeFiles(out, ruleFiles(guides, receiver ?? null));
    return { result, text: (paint) => writtenText(result, paint) };
  }
}
