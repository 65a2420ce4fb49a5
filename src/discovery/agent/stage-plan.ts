/** What a control plane of a stage does of an agent's plan: which sidecars it serves, and where. */
import { WeirError } from '../../errors/weir-error.ts';
import type { DiscoverySocket } from '../../mesh/discovery-sockets.ts';
import type { ServeTask } from '../records/discovery-task.ts';
import type { AgentPlan } from './agent-plan.ts';

/** The plan for one sidecar; null: for all. */
export function stagePlan(plan: AgentPlan, sidecar: string | null): AgentPlan {
  if (sidecar === null) return plan;
  return {
    ...plan,
    sidecars: plan.sidecars.filter(({ name }) => name === sidecar),
    consumers: plan.consumers.filter((consumer) => consumer.sidecar === sidecar),
  };
}

/** The sidecar of a pod. Throws WEIR6003 (exit 2) when none or several can be meant. */
export function podSidecar({ sidecars }: AgentPlan, named: string | null): string {
  const found = named ?? (sidecars.length === 1 ? sidecars[0]?.name : undefined);
  if (found !== undefined && sidecars.some(({ name }) => name === found)) return found;
  const list = sidecars.map(({ name }) => name).join(', ');
  throw new WeirError('WEIR6003', {
    what: found === undefined ? 'no sidecar is named' : `the sidecar ${found} cannot be served`,
    why:
      found === undefined
        ? `${sidecars.length} sidecars have applications that consume something, and a pod has one`
        : 'mesh.yaml has no application behind it that consumes something, or no outbound port for it',
    hint: list === '' ? 'add `consumes` to its application in mesh.yaml' : `name one of ${list} by --sidecar`,
  });
}

/** Where it listens. A socket belongs to the account of its first sidecar, as that of an agent does. */
export function placeOf(
  { listen }: Pick<ServeTask, 'listen'>,
  { sidecars }: AgentPlan,
): DiscoverySocket | { readonly host: string; readonly port: number } {
  if ('host' in listen) return listen;
  const [first] = sidecars;
  return { path: listen.path, uid: first?.uid ?? null, gid: first?.gid ?? null };
}
