/** The command `weir rules explain`. */
import * as Args from '@oclif/core/args';
import * as Flags from '@oclif/core/flags';
import type { CommandOutcome } from '../../cli/base-command.ts';
import { formatCodeFrame } from '../../cli/code-frame.ts';
import { printable } from '../../rules/text/printable.ts';
import { RulesCommand } from '../../rules/text/rules-command.ts';
import { encodingFlag, estateFlags } from '../../rules/text/rules-flags.ts';
import { type Explanation, explainCall } from '../../rules/usecases/explain-call.ts';

/** Shows the rule and the line of a script that decide a call. */
export default class RulesExplainCommand extends RulesCommand<typeof RulesExplainCommand, Explanation> {
  static override summary = 'Show the rule and the line that decide a call.';
  static override args = { script: Args.string({ description: 'The legacy rule.', required: true }) };
  static override flags = {
    call: Flags.string({ helpValue: 'JSON', required: true, summary: 'One call, as in a case file.' }),
    ...estateFlags(),
    ...encodingFlag(),
  };
  static override examples = [
    `<%= config.bin %> rules explain pricing.groovy --call '{"service":"com.acme.Price","method":"quote"}'`,
  ];

  protected override async execute(): Promise<CommandOutcome<Explanation>> {
    const { call } = this.flags;
    const result = await explainCall({ ...this.flags, script: this.args.script, call }, { files: this.files });
    return {
      result,
      text: () => {
        const { column, endColumn, line, outcome, path, rule, source } = result;
        const frame = formatCodeFrame({ source, line, column, length: endColumn - column });
        return [
          printable(`${path}:${line}:${column}: ${rule} decides: ${outcome}`),
          frame,
          ...result.notes.map(printable),
        ].join('\n');
      },
    };
  }
}
