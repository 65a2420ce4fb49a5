/** The command `weir rules verify`. */
import * as Args from '@oclif/core/args';
import * as Flags from '@oclif/core/flags';
import type { CommandOutcome } from '../../cli/base-command.ts';
import { someUnusable } from '../../rules/report/unusable-files.ts';
import { RulesCommand, type WithEngine } from '../../rules/text/rules-command.ts';
import { encodingFlag, estateFlags, oracleFlag, targetFlags } from '../../rules/text/rules-flags.ts';
import { formatVerification } from '../../rules/text/verification-text.ts';
import { type Verification, verifyRules } from '../../rules/usecases/verify-rules.ts';

type VerifiedResult = Verification & WithEngine;

/** Proves that documents do what the scripts do, or shows calls on which they differ. */
export default class RulesVerifyCommand extends RulesCommand<typeof RulesVerifyCommand, VerifiedResult> {
  static override summary = 'Prove that documents do what the scripts do.';
  static override description =
    'Ends with 1 unless every rule was verified or is accepted, with a call as witness where one differs; with 2 when there were no documents to verify. Where a JDK and Groovy 2.4.21 ($GROOVY_JAR or the store of Maven) are found, the scripts are run on it in a process without network: a proved rule on whose calls it gives what weir says becomes proved+oracle, and one that differs is a difference. `weir check rules` says what is found.';
  static override strict = false;
  static override args = { scripts: Args.string({ description: 'Scripts that were converted.', required: true }) };
  static override flags = {
    rules: Flags.string({ helpValue: 'DIR', required: true, summary: 'Folder of `weir rules convert`.' }),
    ...oracleFlag(),
    accept: Flags.string({ helpValue: 'FILE', summary: 'Reviewed list of accepted losses, as for convert.' }),
    ...targetFlags(),
    ...estateFlags(),
    ...encodingFlag(),
  };
  static override examples = ['<%= config.bin %> rules verify scripts/pricing.groovy --rules mesh/ --case case.json'];

  protected override async execute(): Promise<CommandOutcome<VerifiedResult>> {
    const { flags } = this;
    const oracle = await this.engines(flags.oracle);
    try {
      const found = await verifyRules(
        { ...flags, paths: this.words, targetVersion: flags['target-version'] },
        {
          files: this.files,
          oracle: oracle.engine,
          warn: (warning) => this.warn(warning),
          today: new Date().toISOString().slice(0, 10),
        },
      );
      const result = { ...found, oracle: oracle.use() };
      const text = (): string => formatVerification(result) + oracle.line();
      if (result.errors.length > 0) {
        this.announce(text().trimEnd());
        throw someUnusable(result.errors, result.scripts.length, result);
      }
      const exit = result.open > 0 || result.disagreements > 0 ? 1 : 0;
      return { result, exit, text };
    } finally {
      oracle.close();
    }
  }
}
