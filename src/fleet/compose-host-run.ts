/** The start of `weir host run`: this process becomes the program of the daemon. */
import type { ExitCode } from '../errors/exit-codes.ts';
import { becomeLean } from '../platform/process/lean-runtime.ts';
import { recordDocument } from '../platform/record.ts';
import { HOST_TASK, type HostTask } from './host/host-task.ts';

/** Runs the daemon until its end and resolves to the exit code. */
export async function startHost(task: HostTask): Promise<ExitCode> {
  becomeLean('hostDaemon', recordDocument(HOST_TASK, task));
  const { runHostProgram } = await import('./text/run-host.ts');
  return await runHostProgram(task);
}
