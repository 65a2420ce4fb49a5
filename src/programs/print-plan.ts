/** A program of its own: prints what mesh.yaml says to a discovery agent, or the error that stopped it. See `readPlanApart`. */
import { loadAgentPlan } from '../discovery/compose-plan.ts';
import { PRINTED_PLAN } from '../discovery/records/discovery-task.ts';
import { WeirError } from '../errors/weir-error.ts';
import { errorParts } from '../platform/agent/protocol.ts';
import { recordText } from '../platform/record.ts';

try {
  process.stdout.write(recordText(PRINTED_PLAN, { plan: await loadAgentPlan(process.argv[2] ?? '') }));
} catch (error) {
  if (!(error instanceof WeirError)) throw error;
  process.stdout.write(recordText(PRINTED_PLAN, { error: errorParts(error) }));
}
