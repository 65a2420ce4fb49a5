/** The task that `weir discovery run` hands to the program that replaces it, and what mesh.yaml says to a running agent. */
import * as z from 'zod/mini';
import type { RecordKind } from '../../platform/record.ts';
import { AGENT_PLAN, type AgentPlan } from '../agent/agent-plan.ts';
import type { RuleFolder } from '../routing/rule-scripts.ts';

const schema = z.object({
  plan: AGENT_PLAN.schema,
  config: z.string(),
  runDir: z.string(),
  stateDir: z.string(),
  // A flag that was not given is not there.
  json: z._default(z.boolean(), false),
  verbose: z._default(z.boolean(), false),
  metricsFile: z.nullable(z.string()),
  weirVersion: z.string(),
  /** As which control plane it serves; left out: as the agent of this host. */
  serve: z.exactOptional(
    z.object({
      stage: z.enum(['pod', 'central']),
      listen: z.union([z.object({ path: z.string() }), z.object({ host: z.string(), port: z.number() })]),
      variants: z.array(z.enum(['delta', 'sotw'])),
      /** The one sidecar that is served; null: all of mesh.yaml. */
      sidecar: z.nullable(z.string()),
      /** Whether listeners bind IPv6 addresses; null: as this host has them. */
      ipv6: z.nullable(z.boolean()),
    }),
  ),
});

/** As which control plane an agent serves. */
export type ServeTask = NonNullable<z.output<typeof schema>['serve']>;

/** The task of an agent: its plan and the global flags. */
export type DiscoveryTask = z.output<typeof schema>;

/** The task as the argument of the program. */
export const DISCOVERY_TASK: RecordKind<DiscoveryTask> = { name: 'task of a discovery agent', version: 1, schema };

/** What the program that reads mesh.yaml prints. */
export const PRINTED_PLAN: RecordKind<{ readonly plan: AgentPlan } | { readonly error: unknown }> = {
  name: 'reading of mesh.yaml',
  version: 1,
  schema: z.union([z.object({ plan: AGENT_PLAN.schema }), z.object({ error: z.record(z.string(), z.unknown()) })]),
};

/** What the program that reads a folder of rules prints; it was checked there. */
export const PRINTED_RULES: RecordKind<{ readonly folder: RuleFolder } | { readonly error: unknown }> = {
  name: 'reading of rules',
  version: 1,
  schema: z.union([
    z.object({ folder: z.custom<RuleFolder>((value) => typeof value === 'object' && value !== null) }),
    z.object({ error: z.record(z.string(), z.unknown()) }),
  ]),
};
