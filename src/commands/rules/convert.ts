import * as Args from '@oclif/core/args';
import * as Flags from '@oclif/core/flags';
import { WeirError } from '../../errors/weir-error.ts';
import { localRuleFiles } from '../../host/rule-files.ts';
import { type CommandOutcome, WeirCommand } from '../../present/base-command.ts';
import { formatCodeFrame } from '../../present/code-frame.ts';
import { formatConversion, formatRuleErrors } from '../../present/conversion-text.ts';
import { estateFlags, targetFlags } from '../../present/rules-flags.ts';
import { terminalColumns } from '../../present/terminal.ts';
import { type ConvertOutcome, convertRules } from '../../usecases/rules/convert-rules.ts';
import { planRuleFile } from '../../usecases/rules/plan-rule-file.ts';

/** Turns legacy routing rules into documents, label plan and report; writes nothing that is not proved or accepted. */
export default class RulesConvertCommand extends WeirCommand<typeof RulesConvertCommand, ConvertOutcome['json']> {
  static override summary = 'Convert legacy routing rules to proven documents.';
  static override description =
    'Takes Groovy scripts, script:// and condition:// URLs, script-router, condition and tag YAML and HSF rule classes, recognised by content. Scripts are read, never run. Ends with 1 if a rule is lossy, refused, dead or broken and not accepted.';
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
    accept: Flags.string({
      helpValue: 'FILE',
      summary: 'Reviewed list of accepted losses, each with reason and expiry.',
    }),
    report: Flags.string({
      helpValue: 'FILE',
      summary: 'Write the report: JSON if the name ends in .json, else Markdown.',
    }),
    sarif: Flags.string({ helpValue: 'FILE', summary: 'Write the findings as SARIF 2.1.0.' }),
    check: Flags.boolean({ summary: 'Write nothing; end with 1 if the files in --out are stale.' }),
  };
  static override examples = [
    '<%= config.bin %> rules convert scripts/ --out mesh/ --services services.json --providers providers.json',
    '<%= config.bin %> rules convert scripts/ --out mesh/ --check',
  ];

  protected override async execute(): Promise<CommandOutcome<ConvertOutcome['json']>> {
    const { flags } = this;
    const outcome = await convertRules(
      { ...flags, paths: this.words, targetVersion: flags['target-version'] },
      {
        files: localRuleFiles,
        plan: planRuleFile,
        today: new Date().toISOString().slice(0, 10),
        weirVersion: this.config.version,
        frame: (source, line, column, length) => formatCodeFrame({ source, line, column, length }),
        progress: (line) => this.progress(line),
      },
    );
    for (const warning of outcome.warnings) this.warn(warning);
    const [first] = outcome.errors;
    if (first !== undefined) {
      const more = outcome.errors.length - 1;
      if (outcome.errors.length === 1 && outcome.results.length === 0) throw first;
      throw new WeirError('WEIR5025', {
        what: `${first.what}${more === 0 ? '' : ` (and ${more} more)`}`,
        why: first.why,
        hint: first.hint,
        details: {
          ...outcome.json,
          errors: outcome.errors.map(({ code, what, why, location }) => ({ code, what, why, location })),
        },
        cause: first,
      });
    }
    return {
      result: outcome.json,
      exit: outcome.exit,
      text: (paint) =>
        formatConversion(outcome.results, outcome.json, paint, {
          out: flags.check ? null : flags.out,
          columns: process.stdout.isTTY ? terminalColumns() : null,
        }) + formatRuleErrors(outcome.errors),
    };
  }
}
