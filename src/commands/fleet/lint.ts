/** The command `weir fleet lint`. */
import * as Args from '@oclif/core/args';
import * as Flags from '@oclif/core/flags';
import { type CommandOutcome, WeirCommand } from '../../cli/base-command.ts';
import { countOf } from '../../cli/count-of.ts';
import { type FleetLint, lintFiles, lintSarif } from '../../fleet/usecases/lint-files.ts';

/** Finds what OpenKruise takes although it is wrong. */
export default class FleetLintCommand extends WeirCommand<typeof FleetLintCommand, FleetLint> {
  static override summary = 'Find the traps in SidecarSets and in releases for pods.';
  static override description = 'Ends with 1 if there is a finding. `weir help WF001` explains one.';
  static override strict = false;
  static override args = {
    file: Args.string({ required: true, description: 'Files of SidecarSets and of objects of weir.' }),
  };
  static override flags = {
    against: Flags.string({ helpValue: 'FILE', summary: 'The SidecarSets as they are now: changes are judged too.' }),
    kruise: Flags.string({ default: '1.8.0', helpValue: 'VERSION', summary: 'The version of OpenKruise.' }),
    sarif: Flags.string({ helpValue: 'FILE', summary: 'Write the findings as SARIF 2.1.0.' }),
  };
  static override examples = ['<%= config.bin %> fleet lint sidecarset.yaml --against running.yaml'];

  protected override async execute(): Promise<CommandOutcome<FleetLint>> {
    const { readObjectsText, writeText } = await import('../../fleet/compose.ts');
    const { against, kruise, sarif } = this.flags;
    const result = await lintFiles(this.words, { against: against ?? null, kruise }, readObjectsText);
    if (sarif !== undefined) await writeText(sarif, lintSarif(result, this.config.version));
    const findings = result.files.flatMap(({ diagnostics }) => diagnostics);
    const errors = findings.filter(({ severity }) => severity === 'error').length;
    return {
      result,
      exit: findings.length > 0 ? 1 : 0,
      text: (paint) =>
        [
          ...findings.flatMap(({ code, message, hint, location: { file, line, column } }) => [
            `${file}:${line}:${column}: ${paint.caution(code)} ${message}`,
            `  ${hint}`,
          ]),
          [
            countOf(result.files.length, 'file'),
            countOf(errors, 'error'),
            countOf(findings.length - errors, 'warning'),
          ].join(', '),
        ].join('\n'),
    };
  }
}
