/** The command `weir console`. */
import type { CommandOutcome } from '../cli/base-command.ts';
import { WeirError } from '../errors/weir-error.ts';
import { FleetCommand } from '../fleet/text/fleet-command.ts';

interface ConsoleResult {
  readonly commands: readonly { readonly line: string; readonly outcome: string | null; readonly isGood: boolean }[];
}

/** The fleet on a whole terminal. */
export default class ConsoleCommand extends FleetCommand<typeof ConsoleCommand, ConsoleResult> {
  static override summary = 'Look at the fleet on a whole terminal, and switch what you confirm by typing its name.';
  static override description =
    'Regions, applications, hosts and releases with their reasons, read again every two seconds. Each change is a `weir fleet` command: it is shown before it runs, has to be confirmed by a typed name, and is printed again at the end. Ctrl-C or q ends it.';
  static override examples = ['<%= config.bin %> console', '<%= config.bin %> console --region east'];

  protected override async execute(): Promise<CommandOutcome<ConsoleResult>> {
    const isTerminal = process.stdin.isTTY === true && process.stdout.isTTY === true && process.env.TERM !== 'dumb';
    if (!isTerminal || this.flags.json) {
      throw new WeirError('WEIR1614', {
        what: this.flags.json ? '`weir console` has no --json' : '`weir console` needs a terminal',
        why: this.flags.json ? 'it is a picture for people' : 'stdin or stdout is none, so that no key can be pressed',
        hint: 'for programs: `weir fleet status --json`, and `--watch --json` for each change',
      });
    }
    const fleet = await this.fleet();
    const { runConsole } = await import('../fleet/text/run-console.ts');
    const commands = await runConsole({ fleet, regions: this.regions, signal: this.signal });
    return {
      result: { commands },
      text: (paint) =>
        commands
          .map(({ line, outcome, isGood }) => {
            const end = outcome ?? 'under way when the console ended: see `weir fleet history`';
            return `${paint.strong(line)}\n  ${isGood ? end : paint.bad(end)}`;
          })
          .join('\n'),
    };
  }
}
