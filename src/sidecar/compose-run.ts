/** The start of `weir sidecar run`: this process becomes the supervisor program, or the idle process of a container. */
import type { CommandOutput } from '../cli/command-output.ts';
import type { ExitCode } from '../errors/exit-codes.ts';
import { reasonOf } from '../errors/message-of.ts';
import { WeirError } from '../errors/weir-error.ts';
import { becomeLean } from '../platform/process/lean-runtime.ts';
import { openMetricsFile } from '../platform/process/metrics-file.ts';
import { recordDocument } from '../platform/record.ts';
import { becomeReapingInit } from './adapters/reaping-init.ts';
import { sidecarMesh } from './compose.ts';
import { goBackOnFailure } from './compose-process.ts';
import { containerRole } from './container-role.ts';
import {
  type RunFlags,
  SUPERVISE_GROUP_TASK,
  SUPERVISE_TASK,
  type SuperviseGroupTask,
  type SuperviseTask,
} from './records/supervise-task.ts';
import { readSupervisedSidecar, requireSupervisedSidecars } from './usecases/supervised-sidecar.ts';

/** Runs a sidecar until its end and resolves to the exit code. Throws WEIR4011, WEIR4012, WEIR4016 or an error of mesh.yaml. */
export async function runSidecar(run: RunFlags, name: string, output: CommandOutput): Promise<ExitCode> {
  becomeReapingInit();
  const role = containerRole(process.env);
  if (role === 'idle' && !run.dryRun) {
    // An idle container may be an image with neither mesh.yaml nor Envoy.
    const { idle } = await import('./compose-supervisor.ts');
    return await idle(name, output, run.json);
  }
  if (run.metricsFile !== null) await openMetricsFile(run.metricsFile);
  const sidecar = await readSupervisedSidecar(sidecarMesh(run.config), name);
  const task: SuperviseTask = { ...run, name, role, sidecar };
  becomeLean('supervisor', recordDocument(SUPERVISE_TASK, task));
  const { runSupervisor } = await import('./cli/run-supervisor.ts');
  return await runSupervisor(task, output);
}

/** The same for several sidecars; null: all of mesh.yaml that weir runs. */
export async function runSidecars(
  run: RunFlags,
  names: readonly string[] | null,
  output: CommandOutput,
): Promise<ExitCode> {
  becomeReapingInit();
  if (containerRole(process.env) !== 'alone') throw oneAtATime();
  if (run.metricsFile !== null) await openMetricsFile(run.metricsFile);
  const sidecars = await requireSupervisedSidecars(sidecarMesh(run.config), names);
  const task: SuperviseGroupTask = { ...run, names, sidecars };
  becomeLean('groupSupervisor', recordDocument(SUPERVISE_GROUP_TASK, task));
  const { runGroupSupervisor } = await import('./cli/run-supervisor.ts');
  return await runGroupSupervisor(task, output);
}

/** Runs; when that fails in a process that has replaced another weir, that one goes on, and this does not return. */
export async function orGoBack(run: () => Promise<ExitCode>): Promise<ExitCode> {
  try {
    return await run();
  } catch (error) {
    goBackOnFailure(reasonOf(error));
    throw error;
  }
}

function oneAtATime(): WeirError {
  return new WeirError('WEIR4016', {
    what: 'the two containers of an OpenKruise hot upgrade hand over one sidecar',
    why: '`weir sidecar run` was not given exactly one name',
    hint: 'name the sidecar: `weir sidecar run NAME`',
  });
}
