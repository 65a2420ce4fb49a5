/** What an agent is to do, by mesh.yaml: plain data, so that it can be handed to a program. */
import * as z from 'zod/mini';
import type { ResolvedMeshConfig } from '../../mesh/mesh-config.ts';
import type { RecordKind } from '../../platform/record.ts';
import type { DiscoveryMesh } from '../usecases/discovery-mesh.ts';

const server = z.object({ host: z.string(), port: z.number() });
const position = z.object({ line: z.number(), column: z.number() });
const common = { name: z.string(), servers: z.array(server), authFile: z.exactOptional(z.string()), position };

const schema = z.object({
  registries: z.array(
    z.discriminatedUnion('kind', [
      z.object({ ...common, kind: z.literal('zookeeper'), root: z.string(), services: z.string() }),
      z.object({ ...common, kind: z.literal('nacos'), namespace: z.string() }),
    ]),
  ),
  socket: z.string(),
  unit: z.nullable(
    z.object({
      label: z.string(),
      own: z.string(),
      mode: z.enum(['closed', 'prefer']),
      center: z.array(z.string()),
      spillPercent: z.number(),
    }),
  ),
  guard: z.object({ shrinkPercent: z.number(), holdMs: z.number() }),
  health: z._default(z.nullable(z.object({ most: z.number(), intervalMs: z.number() })), null),
  sidecars: z.array(
    z.object({
      name: z.string(),
      outbound: z.number(),
      /** The account that Envoy runs as; null: that of the agent. */
      uid: z.nullable(z.number()),
      gid: z.nullable(z.number()),
      /** Where its Envoy tells which addresses were called as they are; only where an application has `auto`. */
      admin: z.exactOptional(
        z.union([
          z.object({ kind: z.literal('unix'), path: z.string() }),
          z.object({ kind: z.literal('http'), host: z.string(), port: z.number() }),
        ]),
      ),
    }),
  ),
  consumers: z.array(
    z.object({
      ...{ name: z.string(), sidecar: z.string(), apps: z.array(z.string()), interfaces: z.array(z.string()) },
      /** What it is seen to call is consumed. */
      auto: z.exactOptional(z.boolean()),
      /** The folder of its rules. */
      rules: z.exactOptional(z.string()),
    }),
  ),
});

/** What an agent is to do. */
export type AgentPlan = z.output<typeof schema>;

/** The plan as a document. */
export const AGENT_PLAN: RecordKind<AgentPlan> = { name: 'plan of a discovery agent', version: 1, schema };

/** The plan by mesh.yaml. Sidecars without an outbound port, or whose applications consume nothing, take no part. */
export function agentPlan(mesh: DiscoveryMesh, sidecarsOf: ResolvedMeshConfig['sidecars']): AgentPlan {
  const { discovery, registries, apps } = mesh;
  const consumers = [...apps.values()].flatMap(({ name, sidecar, consumes, rules }) => {
    if (consumes === undefined) return [];
    const named = consumes.kind === 'named' ? consumes : { apps: [], interfaces: [] };
    return [
      {
        name,
        sidecar,
        apps: [...named.apps],
        interfaces: [...named.interfaces],
        ...(consumes.kind === 'auto' ? { auto: true } : {}),
        ...(rules === undefined ? {} : { rules }),
      },
    ];
  });
  const sidecars = [...new Set(consumers.map(({ sidecar }) => sidecar))].flatMap((name) => {
    const { outbound, user, group, admin } = sidecarsOf.get(name) ?? {};
    const isAuto = consumers.some(({ sidecar, auto }) => sidecar === name && auto === true);
    const asked = isAuto && admin !== undefined ? { admin } : {};
    return outbound === undefined ? [] : [{ name, outbound, uid: user?.id ?? null, gid: group?.id ?? null, ...asked }];
  });
  const { unit, guard, health, socket } = discovery;
  return {
    registries: registries.map((registry) => ({ ...registry, servers: [...registry.servers] })),
    ...{ socket, guard, health, sidecars, consumers },
    unit: unit === undefined ? null : { ...unit, center: [...unit.center] },
  };
}
