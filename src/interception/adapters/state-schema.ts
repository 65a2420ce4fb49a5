/** The zod schema of state.json. */
import * as z from 'zod/mini';
import type { ResolvedSelector } from '../rules/policy.ts';
import type { StoredState } from '../stored-state.ts';

const port = z.int().check(z.minimum(1), z.maximum(65_535));
const id = z.int().check(z.minimum(0), z.maximum(0xffff_fffe));
const isoTime = z.iso.datetime();

const portRange = z.object({ from: port, to: port });
const cidr = z.object({ family: z.union([z.literal(4), z.literal(6)]), text: z.string() });
const trafficScope = z.object({
  ports: z.array(portRange),
  cidrs: z.array(cidr),
  exclude: z.object({ ports: z.array(portRange), cidrs: z.array(cidr) }),
});

// One a kind: a kind that is added does not compile until its form stands here.
const selectors = {
  users: z.object({ kind: z.literal('users'), uids: z.array(id) }),
  group: z.object({ kind: z.literal('group'), gid: id }),
  slice: z.object({ kind: z.literal('slice'), path: z.string() }),
  all: z.object({ kind: z.literal('all') }),
} satisfies { [Kind in ResolvedSelector['kind']]: z.ZodMiniType<Extract<ResolvedSelector, { kind: Kind }>> };
const selector = z.discriminatedUnion('kind', [selectors.users, selectors.group, selectors.slice, selectors.all]);

const admin = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('unix'), path: z.string() }),
  z.object({ kind: z.literal('http'), host: z.string(), port }),
]);

const leaseSeconds = z.nullable(z.int().check(z.minimum(1)));

const policy = z.object({
  name: z.string(),
  // Not in files of a weir that knew redirects alone.
  mode: z._default(z.enum(['redirect', 'tproxy']), 'redirect'),
  slot: z.int().check(z.minimum(1), z.maximum(0xffff)),
  select: selector,
  outboundPort: z.nullable(port),
  inboundPort: z.nullable(port),
  outbound: z.nullable(trafficScope),
  inbound: z.nullable(trafficScope),
  families: z.object({ ipv4: z.boolean(), ipv6: z.boolean() }),
  acceptsSshRisk: z.boolean(),
  // Not in files of a weir that knew no leases.
  leaseSeconds: z._default(leaseSeconds, null),
});

const app = z.object({
  name: z.string(),
  slot: policy.shape.slot,
  desired: z.enum(['on', 'off']),
  policy,
  sidecar: z.object({ name: z.string(), admin, readyPath: z.string() }),
  onFailure: z.enum(['direct', 'deny']),
  leaseSeconds: z._default(leaseSeconds, null),
  since: isoTime,
  reason: z.nullable(z.string()),
  origin: z.optional(z.literal('fleet')),
  confirm: z.nullable(z.object({ timeoutMs: z.number(), epochSeconds: z.number(), by: isoTime })),
  drainUntil: z.nullable(isoTime),
  proven: z.boolean(),
});

/**
 * The form of state.json, version 1. Its output type is the use cases' StoredState, so that a field added there does not
 * compile until it is read and written here. Fields of a later weir are dropped.
 */
export const STATE_SCHEMA = z.object({
  version: z.literal(1),
  backend: z.nullable(z.enum(['nft', 'iptables-nft', 'iptables-legacy'])),
  netns: z.string(),
  // Not in files of a weir that remembered names alone.
  namespace: z._default(
    z.nullable(z.object({ id: z.string(), boot: z.string(), cookie: z.optional(z.nullable(z.string())) })),
    null,
  ),
  apps: z.array(app),
  guard: z.object({
    uids: z.array(id),
    gids: z.array(id),
    sshPorts: z.array(port),
    sshPeers: z.array(z.string()),
    reservedPorts: z.array(port),
  }),
}) satisfies z.ZodMiniType<StoredState>;
