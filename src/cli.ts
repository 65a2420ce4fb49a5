import { enterRequestedNetns } from './host/enter-netns.ts';
import type { CliOptions } from './present/run-cli.ts';

/**
 * Runs one command line of weir and gives its exit code; never throws and never ends the process, except that `--netns`
 * replaces it by the same command line inside that network namespace, before anything else is loaded.
 */
export async function runWeir(argv: readonly string[], options: CliOptions & { bin: string }): Promise<number> {
  const delegated = await enterRequestedNetns(argv, options.bin);
  if (delegated !== undefined) return delegated;
  const { runCli } = await import('./present/run-cli.ts');
  return runCli(argv, options);
}
