/** The completion script of a shell. */
import { renderBashCompletion } from './bash.ts';
import { buildCompletionTree } from './command-tree.ts';
import { renderFishCompletion } from './fish.ts';
import { renderZshCompletion } from './zsh.ts';

const RENDER = { bash: renderBashCompletion, fish: renderFishCompletion, zsh: renderZshCompletion } as const;

/** A shell that completion exists for. */
export type CompletionShell = keyof typeof RENDER;

/** All of them. */
export const COMPLETION_SHELLS = Object.keys(RENDER) as readonly CompletionShell[];

/** The script for the commands of an oclif configuration; `bin` is the name of the program. */
export function renderCompletion(
  shell: CompletionShell,
  config: Parameters<typeof buildCompletionTree>[0] & { readonly bin: string },
): string {
  return RENDER[shell](config.bin, buildCompletionTree(config));
}
