/** The daemon of a host as a program: output, signals, crash handling, exit code. */
import { CommandOutput } from '../../cli/command-output.ts';
import { toWeirError } from '../../cli/to-weir-error.ts';
import type { ExitCode } from '../../errors/exit-codes.ts';
import { watchForCrash } from '../../platform/crash-watch.ts';
import { listenForInterruption } from '../../platform/interruption.ts';
import { runHost } from '../compose-host.ts';
import type { HostTask } from '../host/host-task.ts';

/** Follows the fleet until a signal, and says what went wrong as every command does. Never throws. */
export async function runHostProgram(task: HostTask): Promise<ExitCode> {
  const output = new CommandOutput({ json: task.json, verbose: task.verbose });
  const interruption = listenForInterruption(['SIGINT', 'SIGTERM', 'SIGHUP']);
  const crash = watchForCrash();
  try {
    return await Promise.race([runHost(task, output, interruption.signal), interruption.forced, crash.crashed]);
  } catch (thrown) {
    const error = toWeirError(thrown, { argv: ['host', 'run'], weirVersion: task.weirVersion });
    output.failure(error);
    return error.exit;
  } finally {
    crash.dispose();
    interruption.dispose();
    output.dispose();
  }
}
