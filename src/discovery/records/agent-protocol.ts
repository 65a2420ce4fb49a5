/** The requests of the agent's control socket and its answers. Commands and agents differ in age. */

import * as z from 'zod/mini';
import type { AgentProtocol, ResultOf } from '../../platform/agent/protocol.ts';
import type { EnvoyTest } from '../../rules/targets/envoy/envoy-test.ts';

const count = z.int().check(z.nonnegative());

const status = z.object({
  /** Whether Envoys are answered. */
  serving: z.boolean(),
  pid: count,
  sockets: z.array(z.string()),
  registries: z.array(
    z.object({
      name: z.string(),
      kind: z.string(),
      state: z.enum(['syncing', 'synced', 'lost']),
      /** ISO 8601; null before the first event. */
      lastEventAt: z.nullable(z.string()),
      /** What it refuses to show: how many places, and the first of them. What was last told of them counts. */
      refused: z._default(
        z.object({ total: count, first: z.array(z.object({ place: z.string(), reason: z.string() })) }),
        { total: 0, first: [] },
      ),
    }),
  ),
  /**
   * ISO 8601: who lost a mapping of a consumed interface before is not known, and calls to its addresses pass as they are.
   * Null where no interface is consumed by its name.
   */
  mappingsSince: z._default(z.nullable(z.string()), null),
  /** The unit of this host; null without one. */
  unit: z._default(
    z.nullable(z.object({ own: z.string(), mode: z.enum(['closed', 'prefer']), spillPercent: z.number() })),
    null,
  ),
  apps: z.array(
    z.object({
      name: z.string(),
      layouts: z.array(z.enum(['application', 'interface'])),
      endpoints: z.object({ total: count, byUnit: z.record(z.string(), count) }),
      held: z.nullable(z.object({ since: z.string(), reason: z.string(), wouldRemove: count })),
    }),
  ),
  /** What is published for each sidecar: the same hash, the same resources. */
  sidecars: z._default(z.array(z.object({ name: z.string(), resources: count, hash: z.string() })), []),
  streams: z.array(
    z.object({
      node: z.string(),
      sidecar: z.string(),
      acked: count,
      nacked: z.array(z.object({ type: z.string(), name: z.string(), error: z.string() })),
    }),
  ),
});

const route = z.object({
  interface: z.string(),
  /** The rule that decides; null for a service without rules. */
  rule: z.nullable(z.string()),
  match: z.string(),
  group: z.string(),
  version: z.string(),
  /** What Envoy tests beside the service; null: nothing. */
  test: z._default(z.nullable(z.custom<EnvoyTest>((value) => typeof value === 'object')), null),
  outcome: z.string(),
  members: z.array(z.string()),
  source: z.nullable(z.object({ file: z.string(), line: count })),
});

const REQUESTS = {
  status: z.object({ command: z.literal('status') }),
  /** Believes a held list now. */
  confirm: z.object({ command: z.literal('confirm'), app: z.string() }),
  /** What the Envoy of a consumer was given; of one interface where one is named. */
  routes: z.object({
    command: z.literal('routes'),
    consumer: z.string(),
    interface: z._default(z.nullable(z.string()), null),
  }),
} as const;

/** The protocol of the control socket. */
export const AGENT_PROTOCOL = {
  name: 'discovery agent',
  version: 1,
  requests: REQUESTS,
  results: {
    status,
    confirm: z.object({ known: z.boolean(), released: z.boolean() }),
    /** `serving`: whether its registries were heard; while they were not, no routes mean nothing. */
    routes: z.object({ known: z.boolean(), serving: z._default(z.boolean(), true), routes: z.array(route) }),
  },
  event: z.object({ event: z.string() }),
} as const satisfies AgentProtocol;

/** The state of an agent. */
export type AgentStatus = ResultOf<typeof AGENT_PROTOCOL, 'status'>;

/** One route, for people. */
export type ConsumerRoute = ResultOf<typeof AGENT_PROTOCOL, 'routes'>['routes'][number];
