/** The start of `weir discovery run` and `serve`: this process becomes the program of the agent. */
import type { CommandOutput } from '../cli/command-output.ts';
import type { ExitCode } from '../errors/exit-codes.ts';
import { becomeLean } from '../platform/process/lean-runtime.ts';
import { openMetricsFile } from '../platform/process/metrics-file.ts';
import { recordDocument } from '../platform/record.ts';
import { podSidecar, stagePlan } from './agent/stage-plan.ts';
import { loadAgentPlan } from './compose-plan.ts';
import { DISCOVERY_TASK, type DiscoveryTask } from './records/discovery-task.ts';

/** Runs the agent until its end and resolves to the exit code. Throws WEIR6001 or an error of mesh.yaml. */
export async function runAgent(run: Omit<DiscoveryTask, 'plan'>, output: CommandOutput): Promise<ExitCode> {
  if (run.metricsFile !== null) await openMetricsFile(run.metricsFile);
  const plan = await loadAgentPlan(run.config);
  const { serve } = run;
  const sidecar = serve?.stage === 'pod' ? podSidecar(plan, serve.sidecar) : null;
  const task: DiscoveryTask = {
    ...{ ...run, plan: stagePlan(plan, sidecar) },
    ...(serve === undefined ? {} : { serve: { ...serve, sidecar } }),
  };
  becomeLean('discoveryAgent', recordDocument(DISCOVERY_TASK, task));
  const { runDiscovery } = await import('./cli/run-discovery.ts');
  return await runDiscovery(task, output);
}
