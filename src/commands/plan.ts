/** The command `weir plan`. */
import * as Args from '@oclif/core/args';
import * as Flags from '@oclif/core/flags';
import type { CommandOutcome } from '../cli/base-command.ts';
import { BACKENDS, InterceptCommand } from '../interception/cli/intercept-command.ts';
import { type PlannedChanges, planChanges } from '../interception/plan-changes.ts';

/** Shows the exact rules of `weir on` and what they would change. */
export default class PlanCommand extends InterceptCommand<typeof PlanCommand, PlannedChanges> {
  static override summary = 'Show the exact rules that `weir on` would install, and what would change.';
  static override description =
    'Changes nothing and asks no sidecar. Without a name, for every application of mesh.yaml.';
  static override strict = false;
  static override args = { app: Args.string({ description: 'Applications of mesh.yaml.' }) };
  static override flags = {
    backend: Flags.option({
      options: BACKENDS,
      default: 'auto' as const,
      summary: 'The back end to show the text for.',
    })(),
  };
  static override examples = ['<%= config.bin %> plan payment', '<%= config.bin %> plan --backend iptables-legacy'];

  protected override async execute(): Promise<CommandOutcome<PlannedChanges>> {
    const config = await this.meshConfig();
    const host = await this.host();
    const apps = [...new Set(this.words)];
    const { result, warnings } = await planChanges(host, { config, apps, backend: this.flags.backend });
    for (const warning of warnings) this.warn(warning);
    return {
      result,
      isVerbatim: true,
      text: (paint) => {
        // The rules are for a tool, and stay as they are.
        const heading = (title: string): string => paint.strong(`# ${title}`);
        const transaction = 'the transaction from what is installed now';
        const rules = [
          heading(`rules with ${result.apps.join(', ')} on (${result.backend})`),
          result.text.trimEnd(),
          '',
        ];
        if (result.changes === result.text)
          return [...rules, heading(`${transaction}: the same, nothing of it is installed`)].join('\n');
        const changes = result.changes === '' ? '# nothing: it is installed as planned' : result.changes.trimEnd();
        return [...rules, heading(transaction), changes].join('\n');
      },
    };
  }
}
