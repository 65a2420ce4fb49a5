/** Composition of an agent's plan: mesh.yaml with the accounts of this host. */
import { loadMeshConfig } from '../mesh/compose.ts';
import { type AgentPlan, agentPlan } from './agent/agent-plan.ts';
import { requireDiscovery } from './usecases/discovery-mesh.ts';

/** The plan of this host. Throws WEIR6001 without discovery, and the errors of mesh.yaml; exit 2. */
export async function loadAgentPlan(config: string): Promise<AgentPlan> {
  const mesh = await loadMeshConfig(config);
  return agentPlan(requireDiscovery(mesh), mesh.sidecars);
}
