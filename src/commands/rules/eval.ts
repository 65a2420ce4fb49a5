import * as Args from '@oclif/core/args';
import * as Flags from '@oclif/core/flags';
import { localRuleFiles } from '../../host/rule-files.ts';
import { type StreamOutcome, WeirCommand } from '../../present/base-command.ts';
import { wrongFlagValue } from '../../present/flags.ts';
import { estateFlags, targetFlags } from '../../present/rules-flags.ts';
import type { EvaluatedCall } from '../../routing/evaluate-documents.ts';
import { readEstate } from '../../usecases/rules/estate.ts';
import { evaluateRules, loadRules } from '../../usecases/rules/evaluate-rules.ts';
import { evaluateScriptFile } from '../../usecases/rules/evaluate-script-file.ts';

/** Says which providers each call reaches, by the model of the target or, given a script, of Groovy. */
export default class RulesEvalCommand extends WeirCommand<typeof RulesEvalCommand, EvaluatedCall> {
  static override summary = 'Say which providers each call of a case reaches.';
  static override description =
    'One JSON line a call. REFUSED: the rule that would decide the call was not converted. With a script instead of --rules, it is what the script does by weir\u2019s model of Groovy.';
  static override args = { script: Args.string({ description: 'A legacy rule to evaluate instead of documents.' }) };
  static override flags = {
    rules: Flags.string({ helpValue: 'DIR', summary: 'Folder of `weir rules convert`, a YAML file, or a script.' }),
    name: Flags.string({ helpValue: 'NAME', summary: 'Which script of the folder, when it holds several.' }),
    calls: Flags.string({ helpValue: 'FILE', summary: 'Calls: a JSON list, or one JSON document a line.' }),
    ...targetFlags(),
    ...estateFlags(),
  };
  static override examples = ['<%= config.bin %> rules eval --rules mesh/ --case case.json'];

  protected override async execute(): Promise<StreamOutcome> {
    const { flags } = this;
    const estate = await readEstate(localRuleFiles, flags);
    const place = flags.rules ?? this.args.script;
    if (place === undefined) throw wrongFlagValue('rules', '', 'a folder of `weir rules convert`, or name a script');
    const isScript = this.args.script !== undefined || !(await looksLikeDocuments(place));
    const lines = isScript
      ? await evaluateScriptFile(localRuleFiles, place, estate)
      : evaluateRules(
          await loadRules(localRuleFiles, place, {
            target: flags.target,
            version: flags['target-version'],
            name: flags.name,
            ...(flags.case === undefined ? {} : { isSource: isBeside(flags.case) }),
          }),
          estate.calls,
          estate.providers,
        );
    for (const line of lines) this.emitLine(line);
    return { streamed: true };
  }

  // The contract: one JSON line a call, also without --json; with it, each line is an envelope.
  private emitLine(line: EvaluatedCall): void {
    this.emit({ result: line, text: () => JSON.stringify(line) });
  }
}

// A script that lies in the folder of the case file is the one that the case is about.
function isBeside(caseFile: string): (path: string) => boolean {
  const folder = caseFile.slice(0, caseFile.lastIndexOf('/') + 1);
  return (path) => folder !== '' && path.startsWith(folder) && !path.slice(folder.length).includes('/');
}

// A folder, or a YAML text with an apiVersion, is documents; anything else is a legacy rule.
async function looksLikeDocuments(place: string): Promise<boolean> {
  if (!/\.ya?ml$/.test(place))
    return !/\.[a-z]+$/i.test(place) || (await localRuleFiles.listFolder(place).catch(() => [])).length > 0;
  return /^apiVersion:/m.test(await localRuleFiles.read(place));
}
