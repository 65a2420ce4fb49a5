/** Schemas of what an upgrade is made of: they stand in journals, in notes and in answers of the supervisor. */
import * as z from 'zod/mini';
import type { Generation, SidecarState, UpgradeInProgress } from '../machine/sidecar-state.ts';
import type { SidecarStatus, UpgradeProgressEvent, UpgradeReport } from '../machine/upgrade-report.ts';

const count = z.int().check(z.nonnegative());

/** Names of the machine's states. */
export const STATE_NAME = z.enum([
  'stopped',
  'down',
  'starting',
  'idle',
  'preflight',
  'snapshot',
  'spawned',
  'initializing',
  'aborting',
  'handover',
  'checking',
  'notify',
  'draining',
  'baking',
  'ending',
  'recovering',
  'emergency',
  'stopping',
]) satisfies z.ZodMiniType<SidecarState['name']>;

/** One Envoy process. */
export const GENERATION = z.object({
  id: count,
  epoch: count,
  variant: z.union([z.literal(0), z.literal(1)]),
  pair: z.string(),
}) satisfies z.ZodMiniType<Generation>;

/** The operator's check of a new process before the SDKs are told. */
export const SIDECAR_CHECK = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('http'), url: z.string() }),
  z.object({ kind: z.literal('exec'), argv: z.readonly(z.tuple([z.string()], z.string())) }),
]);

/** The costs of an upgrade that an operator accepts. */
export const UPGRADE_RISK = z.enum(['drop-listener', 'concurrency']);

// An earlier weir without reasons noted only whether the upgrade returned, which had one cause.
const returning = z.pipe(
  z.union([z.nullable(z.string()), z.boolean()]),
  z.transform((value) => (value === true ? 'the new process did not hold every listener' : value || null)),
);

/** An upgrade under way. Fields with a default are missing in records of an earlier weir. */
export const UPGRADE_IN_PROGRESS = z.object({
  request: z.object({
    id: z.string(),
    pair: z.string(),
    initTimeoutMs: z.number(),
    drainMs: z.number(),
    dryRun: z.boolean(),
    accept: z._default(z.array(UPGRADE_RISK), []),
    check: z._default(z.nullable(SIDECAR_CHECK), null),
    bakeMs: z._default(z.number(), 0),
    bakeBytes: z._default(z.nullable(z.number()), null),
    spreadMs: z._default(z.number(), 0),
  }),
  from: z.string(),
  warnings: z.array(z.string()),
  returning,
  mayEndEarly: z._default(z.boolean(), false),
  isCountable: z._default(z.boolean(), true),
}) satisfies z.ZodMiniType<UpgradeInProgress>;

const side = z.object({
  epoch: z.nullable(count),
  version: z.nullable(z.string()),
  binarySha256: z._default(z.nullable(z.string()), null),
  bootstrapSha256: z.nullable(z.string()),
});
const counts = z.object({ old: count, new: count });
const outcome = z.enum(['settled', 'refused', 'aborted', 'rolled-back', 'emergency', 'dry-run', 'unchanged']);

/** The end of an upgrade. */
export const UPGRADE_REPORT: z.ZodMiniType<UpgradeReport> = z.object({
  id: z.string(),
  at: z.string(),
  outcome,
  reason: z.string(),
  dryRun: z._default(z.boolean(), false),
  served: z._default(z.nullable(z.boolean()), null),
  actor: z._default(z.nullable(z.string()), null),
  note: z._default(z.nullable(z.string()), null),
  from: side,
  to: side,
  states: z.array(z.object({ state: z.string(), atMs: z.number() })),
  connections: z.object({ drained: z.nullable(count), cut: z.nullable(count) }),
  requests: z.object({ cut: z.nullable(count) }),
  drainedAtMs: z.nullable(z.number()),
  notices: z.array(
    z.object({
      role: z.enum(['consumer', 'provider']),
      adapter: z.string(),
      ok: z.boolean(),
      detail: z.string(),
      counts: z.exactOptional(
        z.object({
          moved: z.exactOptional(count),
          failed: z.exactOptional(count),
          told: z.exactOptional(count),
          pending: z.exactOptional(count),
        }),
      ),
    }),
  ),
  warnings: z.array(z.string()),
});

/** How far an upgrade is. */
export const UPGRADE_PROGRESS = z.object({
  event: z.enum(['state', 'drain']),
  state: z.string(),
  atMs: z.number(),
  secondsLeft: z.nullable(z.number()),
  connections: z.nullable(counts),
}) satisfies z.ZodMiniType<UpgradeProgressEvent>;

/** One sidecar as its supervisor sees it. */
export const SIDECAR_STATUS: z.ZodMiniType<SidecarStatus> = z.object({
  name: z.string(),
  state: z.enum(['starting', 'live', 'upgrading', 'stopped', 'failed', 'unsupervised', 'frozen', 'unknown']),
  detail: z._default(z.nullable(z.string()), null),
  epoch: z.nullable(count),
  pid: z.nullable(count),
  version: z.nullable(z.string()),
  bootstrapSha256: z.nullable(z.string()),
  managed: z.boolean(),
  supervisorPid: z.nullable(count),
  connections: z.object({ active: z.nullable(count) }),
  upgrade: z.nullable(
    z.object({ state: z.string(), secondsLeft: z.nullable(z.number()), connections: z.nullable(counts) }),
  ),
  crash: z._default(
    z.nullable(z.object({ at: z.string(), detail: z.string(), version: z.nullable(z.string()), inARow: count })),
    null,
  ),
  last: z.nullable(z.object({ outcome, at: z.string(), to: side })),
});
