/** The supervisors as programs: output, crash handling, exit code. */
import type { CommandOutput } from '../../cli/command-output.ts';
import { toWeirError } from '../../cli/to-weir-error.ts';
import type { ExitCode } from '../../errors/exit-codes.ts';
import { watchForCrash } from '../../platform/crash-watch.ts';
import { supervise, superviseGroup } from '../compose-supervisor.ts';
import { tryStart } from '../compose-trial.ts';
import type { RunFlags, SuperviseGroupTask, SuperviseTask } from '../records/supervise-task.ts';
import { runWords } from './run-words.ts';

/** Supervises, and says what went wrong as every command does. Resolves to the exit code; never throws. */
export function runSupervisor(task: SuperviseTask, output: CommandOutput): Promise<ExitCode> {
  const { sidecar, dryRun } = task;
  return withCrashWatch(task, output, () => (dryRun ? tryStart(task, [sidecar], output) : supervise(task, output)));
}

/** The same for several sidecars. */
export function runGroupSupervisor(task: SuperviseGroupTask, output: CommandOutput): Promise<ExitCode> {
  const { sidecars, dryRun } = task;
  return withCrashWatch(task, output, () => (dryRun ? tryStart(task, sidecars, output) : superviseGroup(task, output)));
}

async function withCrashWatch(task: RunFlags, output: CommandOutput, run: () => Promise<0>): Promise<ExitCode> {
  const crash = watchForCrash();
  try {
    return await Promise.race([run(), crash.crashed]);
  } catch (thrown) {
    const error = toWeirError(thrown, { argv: [...runWords(task)], weirVersion: task.weirVersion });
    output.failure(error);
    return error.exit;
  } finally {
    crash.dispose();
  }
}
