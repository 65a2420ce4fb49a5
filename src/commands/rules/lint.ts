/** The command `weir rules lint`. */
import * as Args from '@oclif/core/args';
import * as Flags from '@oclif/core/flags';
import type { CommandOutcome } from '../../cli/base-command.ts';
import { countOf } from '../../cli/count-of.ts';
import { type Paint, paintFor } from '../../cli/paint.ts';
import { someUnusable } from '../../rules/report/unusable-files.ts';
import { printable } from '../../rules/text/printable.ts';
import { RulesCommand } from '../../rules/text/rules-command.ts';
import { encodingFlag } from '../../rules/text/rules-flags.ts';
import { type LintResult, lintRules } from '../../rules/usecases/lint-rules.ts';

/** Finds the traps in mesh rules that exist already: what Dubbo drops, ignores or fails without a word. */
export default class RulesLintCommand extends RulesCommand<typeof RulesLintCommand, LintResult> {
  static override summary = 'Find the traps in existing Dubbo mesh rules.';
  static override description = 'Ends with 1 if there is a finding. `weir help WR040` explains one.';
  static override strict = false;
  static override args = { files: Args.string({ description: 'YAML files and folders.', required: true }) };
  static override flags = {
    ...encodingFlag(),
    sarif: Flags.string({ helpValue: 'FILE', summary: 'Write the findings as SARIF 2.1.0.' }),
  };
  static override examples = ['<%= config.bin %> rules lint mesh/*.yaml'];

  protected override async execute(): Promise<CommandOutcome<LintResult>> {
    const result = await lintRules(
      { paths: this.words, sarif: this.flags.sarif, encoding: this.flags.encoding },
      { files: this.files, weirVersion: this.config.version, warn: (warning) => this.warn(warning) },
    );
    const text = (paint: Paint): string =>
      [
        ...result.files.flatMap(({ path, findings }) =>
          findings.map(
            (one) =>
              `${printable(path)}:${one.line}:${one.column}: ${paint.caution(one.code)} ${printable(one.message)}`,
          ),
        ),
        ...result.errors.map((error) => printable(`${error.what}: ${error.why}`)),
        [
          countOf(result.totals.files, 'file'),
          countOf(result.totals.errors, 'error'),
          countOf(result.totals.warnings, 'warning'),
        ].join(', '),
      ].join('\n');
    if (result.errors.length > 0) {
      this.announce(text(paintFor('stdout')));
      throw someUnusable(result.errors, result.files.length, result);
    }
    return { result, exit: result.files.some((file) => file.findings.length > 0) ? 1 : 0, text };
  }
}
