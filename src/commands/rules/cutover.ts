/** The command `weir rules cutover`. */
import * as Args from '@oclif/core/args';
import * as Flags from '@oclif/core/flags';
import type { CommandOutcome } from '../../cli/base-command.ts';
import { formatCodeFrame } from '../../cli/code-frame.ts';
import { someUnusable } from '../../rules/report/unusable-files.ts';
import { printable } from '../../rules/text/printable.ts';
import { RulesCommand } from '../../rules/text/rules-command.ts';
import { encodingFlag, estateFlags, targetFlags, whenEmptyFlag } from '../../rules/text/rules-flags.ts';
import { type Cutover, planCutover } from '../../rules/usecases/cutover-plan.ts';

/** Writes the run book that replaces a script by its documents, each step with its check and its way back. */
export default class RulesCutoverCommand extends RulesCommand<typeof RulesCutoverCommand, Cutover> {
  static override summary = 'Write the run book of a cut-over, with checks and ways back.';
  static override strict = false;
  static override args = { paths: Args.string({ description: 'Files and folders.', required: true }) };
  static override flags = {
    out: Flags.string({ helpValue: 'DIR', required: true, summary: 'Folder for documents and run books.' }),
    accept: Flags.string({ helpValue: 'FILE', summary: 'Reviewed list of accepted losses.' }),
    ...targetFlags(),
    ...estateFlags(),
    ...encodingFlag(),
    ...whenEmptyFlag(),
  };
  static override examples = ['<%= config.bin %> rules cutover scripts/ --out mesh/'];

  protected override async execute(): Promise<CommandOutcome<Cutover>> {
    const { flags } = this;
    const { warnings, ...result } = await planCutover(
      {
        ...flags,
        paths: this.words,
        targetVersion: flags['target-version'],
        whenEmpty: flags['when-empty'],
        check: false,
      },
      {
        files: this.files,
        today: new Date().toISOString().slice(0, 10),
        weirVersion: this.config.version,
        frame: (source, line, column, length) => formatCodeFrame({ source, line, column, length }),
        progress: (line) => this.progress(line),
      },
    );
    for (const warning of warnings) this.warn(warning);
    const text = (): string =>
      result.scripts
        .map(({ path, steps }) =>
          [
            printable(path),
            ...steps.map(
              (step, index) =>
                `  ${index + 1}. ${step.title}\n     ${step.action}\n     check: ${step.check}\n     rollback: ${step.back}`,
            ),
          ].join('\n'),
        )
        .join('\n\n');
    if (result.errors.length > 0) {
      if (result.scripts.length > 0) this.announce(text());
      throw someUnusable(result.errors, result.scripts.length, result);
    }
    return { result, text };
  }
}
