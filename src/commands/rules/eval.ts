/** The command `weir rules eval`. */
import { basename, dirname, resolve } from 'node:path';
import * as Args from '@oclif/core/args';
import * as Flags from '@oclif/core/flags';
import type { StreamOutcome } from '../../cli/base-command.ts';
import { WeirError } from '../../errors/weir-error.ts';
import type { EvaluatedCall } from '../../rules/evaluate-documents.ts';
import { isMeshText } from '../../rules/read/foreign-document.ts';
import { RulesCommand } from '../../rules/text/rules-command.ts';
import { encodingFlag, estateFlags, targetFlags } from '../../rules/text/rules-flags.ts';
import { readEstate } from '../../rules/usecases/estate.ts';
import { evaluateRules, loadRules } from '../../rules/usecases/evaluate-rules.ts';
import { evaluateScriptFile } from '../../rules/usecases/evaluate-script-file.ts';
import type { RuleFiles } from '../../rules/usecases/ports.ts';

/** Says which providers each call reaches, by the model of the target or, given a script, of Groovy. */
export default class RulesEvalCommand extends RulesCommand<typeof RulesEvalCommand, EvaluatedCall> {
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
    ...encodingFlag(),
  };
  static override examples = ['<%= config.bin %> rules eval --rules mesh/ --case case.json'];

  protected override async execute(): Promise<StreamOutcome> {
    const { flags } = this;
    const estate = await readEstate(this.files, flags);
    const place = this.place();
    const isNamedScript = this.args.script !== undefined;
    const given = isNamedScript ? null : await textOfFile(this.files, place, flags.encoding);
    // A pipe can be read once.
    const files: RuleFiles =
      given === null
        ? this.files
        : { ...this.files, read: async (path, as) => (path === place ? given : this.files.read(path, as)) };
    const lines =
      isNamedScript || (given !== null && !isMeshText(given))
        ? await evaluateScriptFile(files, place, estate, flags.encoding)
        : evaluateRules(
            await loadRules(files, place, {
              isFile: given !== null,
              target: flags.target,
              version: flags['target-version'],
              name: flags.name,
              ...(flags.case === undefined ? {} : { isSource: isBeside(flags.case, estate.file) }),
            }),
            estate.calls,
            estate.providers,
          );
    if (estate.providers.length === 0)
      this.warn('no providers were given, so no call can reach one: give --providers or --case');
    if (lines.length === 0) this.warn('no calls were given: give --calls or --case');
    for (const line of lines) this.emitLine(line);
    return { streamed: true };
  }

  private place(): string {
    const { rules } = this.flags;
    const { script } = this.args;
    const place = rules ?? script;
    if (place !== undefined && (rules === undefined || script === undefined)) return place;
    throw new WeirError('WEIR1001', {
      what:
        place === undefined
          ? 'what to evaluate is missing'
          : `both --rules ${rules} and the script ${script} are given`,
      why: 'weir rules eval takes documents (--rules DIR) or a legacy rule (SCRIPT), one of them',
      hint: 'say `--rules DIR` for the documents, or SCRIPT alone for what the script does',
    });
  }

  // The contract: one JSON line a call, also without --json; with it, each line is an envelope.
  private emitLine(line: EvaluatedCall): void {
    this.emit({ result: line, text: () => JSON.stringify(line), isVerbatim: true });
  }
}

// The script that a case is about: the one that it names, or that lies in its folder, below the root of the conversion.
function isBeside(caseFile: string, script: string | undefined): (source: string) => boolean {
  const folder = dirname(resolve(caseFile));
  return (source) => {
    const at = dirname(source);
    if (at === '.') return script !== undefined && source === script;
    return folder.endsWith(`/${at}`) && (script === undefined || basename(source) === script);
  };
}

// The text of a file, or null for a folder. What is not there is taken for a folder, unless it is named like a file.
async function textOfFile(files: RuleFiles, place: string, encoding: string | undefined): Promise<string | null> {
  if (await isFolder(files, place)) return null;
  if (!(await files.exists(place)) && !/\.[a-z]+$/i.test(place)) return null;
  return files.read(place, encoding);
}

// A folder that cannot be read is no script: the error says why.
async function isFolder(files: RuleFiles, place: string): Promise<boolean> {
  if (!(await files.exists(place))) return false;
  try {
    await files.listFolder(place);
    return true;
  } catch (error) {
    if (error instanceof WeirError && isNoFolder(error.cause)) return false;
    throw error;
  }
}

function isNoFolder(cause: unknown): boolean {
  return cause instanceof Error && 'code' in cause && cause.code === 'ENOTDIR';
}
