/** The command `weir completion`. */
import * as Args from '@oclif/core/args';
import { type CommandOutcome, WeirCommand } from '../cli/base-command.ts';
import { COMPLETION_SHELLS, type CompletionShell, renderCompletion } from '../cli/completion/render-completion.ts';

interface CompletionResult {
  readonly shell: string;
  readonly script: string;
}

/** Prints a completion script; it holds all names itself, so that a Tab never starts weir. */
export default class CompletionCommand extends WeirCommand<typeof CompletionCommand, CompletionResult> {
  static override summary = 'Print a completion script for your shell.';
  static override args = {
    shell: Args.string({ description: 'The shell to complete for.', options: [...COMPLETION_SHELLS], required: true }),
  };
  static override examples = [
    { description: 'bash, in ~/.bashrc:', command: 'source <(<%= config.bin %> completion bash)' },
    { description: 'zsh, in ~/.zshrc after compinit:', command: 'source <(<%= config.bin %> completion zsh)' },
    { description: 'fish, in ~/.config/fish/config.fish:', command: '<%= config.bin %> completion fish | source' },
  ];

  protected override async execute(): Promise<CommandOutcome<CompletionResult>> {
    const shell = this.args.shell as CompletionShell;
    const script = renderCompletion(shell, this.config);
    return { result: { shell, script }, text: () => script, isVerbatim: true };
  }
}
