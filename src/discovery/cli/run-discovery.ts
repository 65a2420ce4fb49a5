/** The agent as a program: output, crash handling, exit code. */
import type { CommandOutput } from '../../cli/command-output.ts';
import { toWeirError } from '../../cli/to-weir-error.ts';
import type { ExitCode } from '../../errors/exit-codes.ts';
import { watchForCrash } from '../../platform/crash-watch.ts';
import { followForEnvoys } from '../compose-agent.ts';
import type { DiscoveryTask } from '../records/discovery-task.ts';

/** Follows and serves, and says what went wrong as every command does. Resolves to the exit code; never throws. */
export async function runDiscovery(task: DiscoveryTask, output: CommandOutput): Promise<ExitCode> {
  const crash = watchForCrash();
  try {
    return await Promise.race([followForEnvoys(task, output), crash.crashed]);
  } catch (thrown) {
    const error = toWeirError(thrown, { argv: ['discovery', 'run'], weirVersion: task.weirVersion });
    output.failure(error);
    return error.exit;
  } finally {
    crash.dispose();
  }
}
