import * as Args from '@oclif/core/args';
import { type CommandOutcome, WeirCommand } from '../present/base-command.ts';
import { renderBashCompletion } from '../present/completion/bash.ts';
import { buildCompletionTree } from '../present/completion/command-tree.ts';
import { renderFishCompletion } from '../present/completion/fish.ts';
import { renderZshCompletion } from '../present/completion/zsh.ts';

const SHELLS = { bash: renderBashCompletion, fish: renderFishCompletion, zsh: renderZshCompletion };

interface CompletionResult {
  readonly shell: string;
  readonly script: string;
}

/** Prints a completion script; it holds all names itself, so that a Tab never starts weir. */
export default class CompletionCommand extends WeirCommand<typeof CompletionCommand, CompletionResult> {
  static override summary = 'Print a completion script for your shell.';
  static override args = {
    shell: Args.string({ description: 'The shell to complete for.', options: Object.keys(SHELLS), required: true }),
  };
  static override examples = [
    { description: 'bash, in ~/.bashrc:', command: 'source <(<%= config.bin %> completion bash)' },
    { description: 'zsh, in ~/.zshrc after compinit:', command: 'source <(<%= config.bin %> completion zsh)' },
    { description: 'fish, in ~/.config/fish/config.fish:', command: '<%= config.bin %> completion fish | source' },
  ];

  protected override async execute(): Promise<CommandOutcome<CompletionResult>> {
    const shell = this.args.shell as keyof typeof SHELLS;
    const script = SHELLS[shell](this.config.bin, buildCompletionTree(this.config));
    return { result: { shell, script }, text: () => script };
  }
}
