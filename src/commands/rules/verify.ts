import { join } from 'node:path';
import * as Args from '@oclif/core/args';
import * as Flags from '@oclif/core/flags';
import type { GroovyOracle } from '../../host/oracle/groovy-oracle.ts';
import { localRuleFiles } from '../../host/rule-files.ts';
import { type CommandOutcome, WeirCommand } from '../../present/base-command.ts';
import { estateFlags, targetFlags } from '../../present/rules-flags.ts';
import { formatVerification } from '../../present/verification-text.ts';
import { planRuleFile } from '../../usecases/rules/plan-rule-file.ts';
import { type Verification, verifyRules } from '../../usecases/rules/verify-rules.ts';

/** Proves that documents do what the scripts do, or shows calls on which they differ. */
export default class RulesVerifyCommand extends WeirCommand<typeof RulesVerifyCommand, Verification> {
  static override summary = 'Prove that documents do what the scripts do.';
  static override description =
    'Ends with 1 if a rule differs, with a call as witness. With --oracle groovy the scripts are run, on Groovy 2.4.21 (JDK and $GROOVY_JAR or the store of Maven) in a process without network: a rule on whose calls it gives what weir says becomes proved+oracle.';
  static override strict = false;
  static override args = { scripts: Args.string({ description: 'Scripts that were converted.', required: true }) };
  static override flags = {
    rules: Flags.string({ helpValue: 'DIR', required: true, summary: 'Folder of `weir rules convert`.' }),
    oracle: Flags.option({
      options: ['groovy', 'none'] as const,
      default: 'none' as const,
      summary: 'Run the scripts on a real Groovy too, in a process without network.',
    })(),
    ...targetFlags(),
    ...estateFlags(),
  };
  static override examples = ['<%= config.bin %> rules verify scripts/pricing.groovy --rules mesh/ --case case.json'];

  protected override async execute(): Promise<CommandOutcome<Verification>> {
    const { flags } = this;
    const oracle = flags.oracle === 'groovy' ? await this.#startOracle() : undefined;
    try {
      const result = await verifyRules(
        { ...flags, paths: this.words, targetVersion: flags['target-version'] },
        { files: localRuleFiles, plan: planRuleFile, oracle, warn: (warning) => this.warn(warning) },
      );
      return { result, exit: result.disagreements > 0 ? 1 : 0, text: () => formatVerification(result) };
    } finally {
      oracle?.close();
    }
  }

  async #startOracle(): Promise<GroovyOracle> {
    const [{ findGroovyJar }, { GroovyOracle }] = await Promise.all([
      import('../../host/oracle/groovy-jar.ts'),
      import('../../host/oracle/groovy-oracle.ts'),
    ]);
    const source = join(this.config.root, 'dist/host/oracle/GroovyOracle.java');
    const oracle = await GroovyOracle.start({ jar: findGroovyJar(), source, signal: this.signal });
    if (!oracle.isCaged)
      this.warn(
        'real Groovy runs with access to the network: the kernel gave no namespace without one (unshare --net)',
      );
    return oracle;
  }
}
