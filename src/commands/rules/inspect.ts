import * as Args from '@oclif/core/args';
import { localRuleFiles } from '../../host/rule-files.ts';
import { type CommandOutcome, WeirCommand } from '../../present/base-command.ts';
import { formatInspection } from '../../present/inspection-text.ts';
import { estateFlags, targetFlags } from '../../present/rules-flags.ts';
import { type Inspection, inspectRules } from '../../usecases/rules/inspect-rules.ts';
import { planRuleFile } from '../../usecases/rules/plan-rule-file.ts';

/** Says of each rule file what it is, whether it ever had an effect, and how much of it can be converted. */
export default class RulesInspectCommand extends WeirCommand<typeof RulesInspectCommand, Inspection> {
  static override summary = 'Say what each routing rule is, whether it has an effect, and what can be converted.';
  static override strict = false;
  static override args = { paths: Args.string({ description: 'Files and folders.', required: true }) };
  static override flags = { ...targetFlags(), ...estateFlags() };
  static override examples = ['<%= config.bin %> rules inspect scripts/'];

  protected override async execute(): Promise<CommandOutcome<Inspection>> {
    const { flags } = this;
    const result = await inspectRules(
      { ...flags, paths: this.words, targetVersion: flags['target-version'] },
      { files: localRuleFiles, plan: planRuleFile },
    );
    return { result, exit: result.errors.length > 0 ? 2 : 0, text: () => formatInspection(result) };
  }
}
