/** The command `weir rules inspect`. */
import * as Args from '@oclif/core/args';
import type { CommandOutcome } from '../../cli/base-command.ts';
import { type Paint, paintFor } from '../../cli/paint.ts';
import { someUnusable } from '../../rules/report/unusable-files.ts';
import { formatInspection } from '../../rules/text/inspection-text.ts';
import { RulesCommand, type WithEngine } from '../../rules/text/rules-command.ts';
import { encodingFlag, estateFlags, oracleFlag, targetFlags } from '../../rules/text/rules-flags.ts';
import { type Inspection, inspectRules } from '../../rules/usecases/inspect-rules.ts';

type InspectedResult = Inspection & WithEngine;

/** Says of each rule file what it is, whether it ever had an effect, and how much of it can be converted. */
export default class RulesInspectCommand extends RulesCommand<typeof RulesInspectCommand, InspectedResult> {
  static override summary = 'Say what each routing rule is, whether it has an effect, and what can be converted.';
  static override strict = false;
  static override args = { paths: Args.string({ description: 'Files and folders.', required: true }) };
  static override flags = { ...targetFlags(), ...estateFlags(), ...encodingFlag(), ...oracleFlag() };
  static override examples = ['<%= config.bin %> rules inspect scripts/'];

  protected override async execute(): Promise<CommandOutcome<InspectedResult>> {
    const { flags } = this;
    const oracle = await this.engines(flags.oracle);
    const found = await inspectRules(
      { ...flags, paths: this.words, targetVersion: flags['target-version'] },
      { files: this.files, oracle: oracle.engine },
    ).finally(() => oracle.close());
    const result = { ...found, oracle: oracle.use() };
    const text = (paint: Paint): string => formatInspection(result, paint) + oracle.line();
    for (const warning of result.warnings) this.warn(warning);
    if (result.errors.length > 0) {
      this.announce(text(paintFor('stdout')).trimEnd());
      throw someUnusable(result.errors, result.scripts.length, result);
    }
    return { result, text };
  }
}
