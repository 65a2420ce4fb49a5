import * as Args from '@oclif/core/args';
import * as Flags from '@oclif/core/flags';
import { localRuleFiles } from '../../host/rule-files.ts';
import { type CommandOutcome, WeirCommand } from '../../present/base-command.ts';
import { formatCodeFrame } from '../../present/code-frame.ts';
import { estateFlags, targetFlags } from '../../present/rules-flags.ts';
import { type Cutover, planCutover } from '../../usecases/rules/cutover-plan.ts';
import { planRuleFile } from '../../usecases/rules/plan-rule-file.ts';

/** Writes the run book that replaces a script by its documents, each step with its check and its way back. */
export default class RulesCutoverCommand extends WeirCommand<typeof RulesCutoverCommand, Cutover> {
  static override summary = 'Write the run book of a cut-over, with checks and ways back.';
  static override strict = false;
  static override args = { paths: Args.string({ description: 'Files and folders.', required: true }) };
  static override flags = {
    out: Flags.string({ helpValue: 'DIR', required: true, summary: 'Folder for documents and run books.' }),
    accept: Flags.string({ helpValue: 'FILE', summary: 'Reviewed list of accepted losses.' }),
    ...targetFlags(),
    ...estateFlags(),
  };
  static override examples = ['<%= config.bin %> rules cutover scripts/ --out mesh/'];

  protected override async execute(): Promise<CommandOutcome<Cutover>> {
    const { flags } = this;
    const result = await planCutover(
      { ...flags, paths: this.words, targetVersion: flags['target-version'], check: false },
      {
        files: localRuleFiles,
        plan: planRuleFile,
        today: new Date().toISOString().slice(0, 10),
        weirVersion: this.config.version,
        frame: (source, line, column, length) => formatCodeFrame({ source, line, column, length }),
        progress: (line) => this.progress(line),
      },
    );
    const text = (): string =>
      result.scripts
        .map(({ path, steps }) =>
          [
            path,
            ...steps.map(
              (step, index) =>
                `  ${index + 1}. ${step.title}\n     ${step.action}\n     check: ${step.check}\n     way back: ${step.back}`,
            ),
          ].join('\n'),
        )
        .join('\n\n');
    return { result, text };
  }
}
