import type { ExitCode } from '../errors/exit-codes.ts';
import { watchForCrash } from '../host/crash-watch.ts';
import type { CommandOutput } from './command-output.ts';
import { type SuperviseTask, supervise } from './supervise.ts';
import { toWeirError } from './to-weir-error.ts';

/** Supervises, and says what went wrong as every command does. Resolves to the exit code; never throws. */
export async function runSupervisor(task: SuperviseTask, output: CommandOutput): Promise<ExitCode> {
  const crash = watchForCrash();
  try {
    return await Promise.race([supervise(task, output), crash.crashed]);
  } catch (thrown) {
    const { weirVersion } = task;
    const error = toWeirError(thrown, { argv: ['sidecar', 'run', task.name], weirVersion });
    output.failure(error);
    return error.exit;
  } finally {
    crash.dispose();
  }
}
