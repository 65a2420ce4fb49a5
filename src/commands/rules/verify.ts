import * as Args from '@oclif/core/args';
import * as Flags from '@oclif/core/flags';
import { localRuleFiles } from '../../host/rule-files.ts';
import { type CommandOutcome, WeirCommand } from '../../present/base-command.ts';
import { estateFlags, targetFlags } from '../../present/rules-flags.ts';
import { formatVerification } from '../../present/verification-text.ts';
import { planRuleFile } from '../../usecases/rules/plan-rule-file.ts';
import { type Verification, verifyRules } from '../../usecases/rules/verify-rules.ts';

/** Proves that documents do what the scripts do, or shows calls on which they differ. */
export default class RulesVerifyCommand extends WeirCommand<typeof RulesVerifyCommand, Verification> {
  static override summary = 'Prove that documents do what the scripts do.';
  static override description = 'Ends with 1 if a rule differs, with a call as witness.';
  static override strict = false;
  static override args = { scripts: Args.string({ description: 'Scripts that were converted.', required: true }) };
  static override flags = {
    rules: Flags.string({ helpValue: 'DIR', required: true, summary: 'Folder of `weir rules convert`.' }),
    oracle: Flags.option({
      options: ['groovy', 'none'] as const,
      default: 'none' as const,
      summary: 'Ask a real Groovy too, in a process of its own.',
    })(),
    ...targetFlags(),
    ...estateFlags(),
  };
  static override examples = ['<%= config.bin %> rules verify scripts/pricing.groovy --rules mesh/ --case case.json'];

  protected override async execute(): Promise<CommandOutcome<Verification>> {
    const { flags } = this;
    const result = await verifyRules(
      { ...flags, paths: this.words, targetVersion: flags['target-version'] },
      { files: localRuleFiles, plan: planRuleFile },
    );
    if (flags.oracle === 'groovy')
      this.warn('no Groovy oracle is part of this installation: nothing was raised to proved+oracle');
    return { result, exit: result.disagreements > 0 ? 1 : 0, text: () => formatVerification(result) };
  }
}
