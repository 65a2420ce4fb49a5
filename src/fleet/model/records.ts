/** Records that weir's own programs keep in a store: hosts, their states, rollouts, the accepted store, history. */
import * as z from 'zod/mini';
import type { RecordReading } from '../../platform/record.ts';
import { isNewer } from './parse-objects.ts';

const labels = z.record(z.string(), z.string());
const nullable = z.nullable(z.string());

/** `Host`: who a host is, without a lease. */
export const hostRecordSchema = z.object({
  kind: z.literal('Host'),
  metadata: z.object({ name: z.string(), region: z.string(), labels }),
  /** Applications of its mesh.yaml. */
  apps: z.array(z.string()),
  lastSeen: z.string(),
  /** When it was stopped on purpose; null while it runs or when it died. */
  stopped: nullable,
  /** The pod that the host is. */
  pod: z.optional(z.object({ name: z.string(), namespace: z.string() })),
});

/** Which daemon of which machine speaks: two machines may be given the same name. */
const daemonIdentitySchema = z.object({
  /** The host name of the machine. */
  machine: z.string(),
  /** The kernel's boot_id; null where it cannot be read. */
  boot: nullable,
  /** Random, kept in the state directory: the installation. */
  instance: z.string(),
  /** Random: this run of the daemon. */
  session: z.string(),
});

const hold = z.object({
  since: z.string(),
  why: z.enum(['empty', 'shrunk', 'backwards', 'other-store']),
  revision: z.string(),
  objects: z.object({ before: z.number(), now: z.number() }),
});

/** `HostStatus`: how a host is, under its lease. */
export const hostStatusSchema = z.object({
  kind: z.literal('HostStatus'),
  metadata: z.object({ name: z.string(), region: z.string(), labels }),
  status: z.object({
    at: z.string(),
    weir: z.string(),
    /** A weir before this field leaves it out. */
    daemon: z.optional(daemonIdentitySchema),
    /** The name that this host was given and another daemon has; the key is another one then. */
    conflict: z.optional(z.object({ name: z.string(), holder: z.nullable(daemonIdentitySchema) })),
    seen: z.nullable(z.object({ clusterId: z.string(), revision: z.number() })),
    held: z.nullable(hold),
    overrides: z.array(
      z.object({ app: z.string(), state: z.literal('off'), since: nullable, by: z.string(), reason: nullable }),
    ),
    apps: z.array(
      z.object({
        name: z.string(),
        desired: nullable,
        state: z.string(),
        reason: nullable,
        policy: nullable,
        since: nullable,
      }),
    ),
    sidecars: z.array(
      z.object({
        name: z.string(),
        state: z.string(),
        version: nullable,
        release: nullable,
        wave: z.nullable(z.number()),
        outcome: nullable,
        error: nullable,
        /** RFC 3339: the start of the rollout that this was for. */
        startedAt: z.optional(z.string()),
      }),
    ),
    errors: z.array(z.object({ object: z.string(), code: z.string(), message: z.string() })),
  }),
});

/** The states of a rollout. */
export const ROLLOUT_STATES = ['running', 'paused', 'stopped', 'undoing', 'undone', 'aborted', 'done'] as const;

/** A version of a release for pods. */
const podVersionSchema = z.object({
  name: z.string(),
  image: z.optional(z.string()),
  emptyImage: z.optional(z.string()),
  hostImage: z.optional(z.string()),
});

/** The state of a release in a region; only the leader moves `wave`. */
export const rolloutSchema = z.object({
  release: z.string(),
  region: z.string(),
  state: z.enum(ROLLOUT_STATES),
  /** The wave that moves, from 1; 0: started, and no wave yet. */
  wave: z.number(),
  reason: nullable,
  /** RFC 3339: when it was started; a host tries a release once for each start. */
  startedAt: z.optional(z.string()),
  /** RFC 3339: when the wave began. */
  since: z.optional(z.string()),
  /** The wave whose gates are skipped on request. */
  skipGates: z.optional(z.nullable(z.number())),
  /** RFC 3339: since when a Prometheus gate of this wave has held. */
  heldSince: z.optional(nullable),
  /** Hosts that may move now, where a budget limits them; null: all of the waves so far. */
  allowed: z.optional(z.nullable(z.array(z.string()))),
  /** On Kubernetes: the version that it brings, and the one before it, as the leader took them over. */
  version: z.optional(podVersionSchema),
  former: z.optional(z.nullable(podVersionSchema)),
  /** Pods of a region on Kubernetes, by wave, as the leader saw them last. */
  pods: z.optional(
    z.array(
      z.object({
        index: z.number(),
        hosts: z.array(z.string()),
        ...{ done: z.number(), failed: z.number(), pending: z.number(), silent: z.number() },
        /** Of pods that failed or wait. */
        reasons: z.optional(z.record(z.string(), z.string())),
      }),
    ),
  ),
});

/** `accepted`: the store that hosts may believe although they held it. */
export const acceptedSchema = z.object({
  clusterId: z.string(),
  revision: z.union([z.string(), z.number()]),
  at: z.string(),
  by: z.string(),
  why: nullable,
});

/** `leader`: the operator that moves waves. */
export const leaderSchema = z.object({ holder: z.string(), pid: z.number(), since: z.string() });

/** The verbs of history. */
export const HISTORY_VERBS = [
  ...(['apply', 'on', 'off', 'confirm', 'forget', 'rollout-start', 'wave', 'pause', 'resume', 'promote'] as const),
  ...(['abort', 'undo', 'stopped', 'undone', 'done'] as const),
] as const;

/** One change. */
export const historySchema = z.object({
  at: z.string(),
  by: z.string(),
  why: nullable,
  verb: z.string(),
  kind: z.string(),
  name: z.string(),
  region: z.string(),
  from: z.unknown(),
  to: z.unknown(),
});

/** See `hostRecordSchema`. */
export type HostRecord = z.output<typeof hostRecordSchema>;
/** See `daemonIdentitySchema`. */
export type HostDaemonIdentity = z.output<typeof daemonIdentitySchema>;
/** See `hostStatusSchema`. */
export type HostStatus = z.output<typeof hostStatusSchema>;
/** See `rolloutSchema`. */
export type Rollout = z.output<typeof rolloutSchema>;
/** See `leaderSchema`. */
export type Leader = z.output<typeof leaderSchema>;
/** See `HISTORY_VERBS`. */
export type HistoryVerb = (typeof HISTORY_VERBS)[number];
/** One change; `from` and `to` are the object's values before and after, null for none. */
export interface HistoryEntry extends Omit<z.output<typeof historySchema>, 'from' | 'to'> {
  readonly verb: HistoryVerb | (string & {});
  readonly from: unknown;
  readonly to: unknown;
}

/** Reads the JSON of a record; a damaged one says why. Never throws. */
export function readFleetRecord<T>(
  schema: z.core.$ZodType<T>,
  json: string,
): Exclude<RecordReading<T>, { state: 'newer' }> {
  let value: unknown;
  try {
    value = JSON.parse(json);
  } catch (error) {
    return { state: 'damaged', why: `no JSON: ${error instanceof Error ? error.message : String(error)}` };
  }
  const parsed = z.safeParse(schema, value);
  if (parsed.success) return { state: 'read', value: parsed.data };
  const version = (value as { readonly apiVersion?: unknown } | null)?.apiVersion;
  if (isNewer(version)) return { state: 'damaged', why: `apiVersion ${version}: newer than this weir` };
  const [issue] = parsed.error.issues;
  return { state: 'damaged', why: `${issue?.path.join('.') || 'the record'}: ${issue?.message ?? 'not understood'}` };
}
