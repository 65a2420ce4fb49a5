/** The task that `weir host run` hands to the program that replaces it. */
import * as z from 'zod/mini';
import type { RecordKind } from '../../platform/record.ts';

const schema = z.object({
  fleetConfig: z.string(),
  config: z.string(),
  runDir: z.string(),
  stateDir: z.string(),
  /** '' for the namespace of the process. */
  netns: z.string(),
  weirVersion: z.string(),
  /** The folder of a downward API volume, in a pod; null on a machine. */
  podInfo: z._default(z.nullable(z.string()), null),
  metricsFile: z.nullable(z.string()),
  json: z._default(z.boolean(), false),
  verbose: z._default(z.boolean(), false),
});

/** The flags of `weir host run`. */
export type HostTask = z.output<typeof schema>;

/** The task as the argument of the program. */
export const HOST_TASK: RecordKind<HostTask> = { name: 'task of a host daemon', version: 1, schema };
