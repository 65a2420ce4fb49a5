/** Reads mesh.yaml for an agent, in a process that ends. */
import { errorOf } from '../../platform/agent/protocol.ts';
import { runTool } from '../../platform/exec.ts';
import { programArgv } from '../../platform/process/programs.ts';
import { readText, requireRecord } from '../../platform/record.ts';
import type { AgentPlan } from '../agent/agent-plan.ts';
import { PRINTED_PLAN } from '../records/discovery-task.ts';

/**
 * Reads mesh.yaml in a process of its own, because its parsers would stay in the memory of an agent for ever. Throws the
 * error that reading it here would have thrown, and WEIR2025 when a later weir is installed that prints it otherwise.
 */
export async function readPlanApart(config: string): Promise<AgentPlan> {
  const argv = [...programArgv('printPlan'), config] as const;
  const { stdout } = await runTool([...argv], { timeoutMs: 30_000 });
  const reading = readText(PRINTED_PLAN, stdout);
  const printed = requireRecord(PRINTED_PLAN, 'what the installed weir reads from mesh.yaml', reading);
  if ('error' in printed) throw errorOf(printed.error);
  return printed.plan;
}
