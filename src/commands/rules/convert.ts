/** The command `weir rules convert`. */
import * as Args from '@oclif/core/args';
import * as Flags from '@oclif/core/flags';
import type { CommandOutcome } from '../../cli/base-command.ts';
import { formatCodeFrame } from '../../cli/code-frame.ts';
import { type Paint, paintFor } from '../../cli/paint.ts';
import { someUnusable, unusableFile } from '../../rules/report/unusable-files.ts';
import { formatConversion, formatRuleErrors } from '../../rules/text/conversion-text.ts';
import { RulesCommand, type WithEngine } from '../../rules/text/rules-command.ts';
import { encodingFlag, estateFlags, oracleFlag, targetFlags, whenEmptyFlag } from '../../rules/text/rules-flags.ts';
import { type ConvertOutcome, convertRules } from '../../rules/usecases/convert-rules.ts';

type ConvertedResult = ConvertOutcome['json'] & WithEngine;

/** Turns legacy routing rules into documents, label plan and report; writes nothing that is not proved or accepted. */
export default class RulesConvertCommand extends RulesCommand<typeof RulesConvertCommand, ConvertedResult> {
  static override summary = 'Convert legacy routing rules to proven documents.';
  static override description =
    'Takes Groovy scripts, script:// and condition:// URLs, script-router, condition and tag YAML and HSF rule classes, recognised by content. weir reads scripts; only a real Groovy runs them, in a process without network (--oracle). Ends with 1 if a rule is lossy, refused, dead or broken and not accepted.';
  static override strict = false;
  static override args = { paths: Args.string({ description: 'Files and folders.', required: true }) };
  static override flags = {
    out: Flags.string({
      helpValue: 'DIR',
      required: true,
      summary: 'Folder for the plan, the documents and the labels of each script.',
    }),
    ...targetFlags(),
    ...estateFlags(),
    ...encodingFlag(),
    ...whenEmptyFlag(),
    accept: Flags.string({
      helpValue: 'FILE',
      summary: 'Reviewed list of accepted losses, each with reason and expiry.',
    }),
    report: Flags.string({
      helpValue: 'FILE',
      summary: 'Write the report: JSON if the name ends in .json, else Markdown.',
    }),
    sarif: Flags.string({ helpValue: 'FILE', summary: 'Write the findings as SARIF 2.1.0.' }),
    ...oracleFlag(),
    check: Flags.boolean({ summary: 'Write nothing; end with 1 if the files in --out are stale.' }),
  };
  static override examples = [
    '<%= config.bin %> rules convert scripts/ --out mesh/ --services services.json --providers providers.json',
    '<%= config.bin %> rules convert scripts/ --out mesh/ --check',
  ];

  protected override async execute(): Promise<CommandOutcome<ConvertedResult>> {
    const { flags } = this;
    const oracle = await this.engines(flags.oracle);
    const outcome = await convertRules(
      { ...flags, paths: this.words, targetVersion: flags['target-version'], whenEmpty: flags['when-empty'] },
      {
        files: this.files,
        today: new Date().toISOString().slice(0, 10),
        weirVersion: this.config.version,
        frame: (source, line, column, length) => formatCodeFrame({ source, line, column, length }),
        progress: (line) => this.progress(line),
        oracle: oracle.engine,
      },
    ).finally(() => oracle.close());
    const result = { ...outcome.json, oracle: oracle.use() };
    for (const warning of outcome.warnings) this.warn(warning);
    const text = (paint: Paint): string =>
      formatConversion(outcome.results, outcome.json, paint, {
        out: flags.check ? null : flags.out,
        given: outcome.given,
      }) +
      oracle.line() +
      formatRuleErrors(outcome.errors);
    const [first] = outcome.errors;
    if (first !== undefined) {
      if (outcome.errors.length === 1 && outcome.results.length === 0) throw first;
      this.announce(text(paintFor('stdout')).trimEnd());
      throw someUnusable(
        outcome.errors.map((error) => unusableFile(error)),
        outcome.results.length,
        result,
      );
    }
    return {
      result,
      exit: outcome.exit,
      text,
    };
  }
}
