/** The tasks that `weir sidecar run` hands to the programs that replace it. */
import * as z from 'zod/mini';
import type { RecordKind } from '../../platform/record.ts';
import type { ContainerRole } from '../container-role.ts';
import type { SupervisedSidecar } from '../usecases/supervised-sidecar.ts';
import { SUPERVISED_SIDECAR } from './sidecar-records.ts';

/** The flags of `weir sidecar run`. */
export interface RunFlags {
  readonly config: string;
  readonly runDir: string;
  readonly stateDir: string;
  readonly netns: string;
  readonly json: boolean;
  readonly verbose: boolean;
  readonly metricsFile: string | null;
  readonly weirVersion: string;
  /** All of a start but the start itself. */
  readonly dryRun: boolean;
}

/** The task of a supervisor: its sidecar, the global flags, and its part in its pod. */
export interface SuperviseTask extends RunFlags {
  readonly name: string;
  readonly role: ContainerRole;
  readonly sidecar: SupervisedSidecar;
}

/** The task of a supervisor of several sidecars. `names` null: all that weir runs, whatever mesh.yaml has later. */
export interface SuperviseGroupTask extends RunFlags {
  readonly names: readonly string[] | null;
  readonly sidecars: readonly SupervisedSidecar[];
}

const flags = {
  config: z.string(),
  runDir: z.string(),
  stateDir: z.string(),
  netns: z.string(),
  // A flag that was not given is not there.
  json: z._default(z.boolean(), false),
  verbose: z._default(z.boolean(), false),
  metricsFile: z.nullable(z.string()),
  weirVersion: z.string(),
  dryRun: z._default(z.boolean(), false),
};

/** The task as the argument of the program. */
export const SUPERVISE_TASK: RecordKind<SuperviseTask> = {
  name: 'task of a supervisor',
  version: 1,
  schema: z.object({
    ...flags,
    name: z.string(),
    role: z.enum(['alone', 'fresh', 'take-over', 'idle']),
    sidecar: SUPERVISED_SIDECAR,
  }),
};

/** The same for several sidecars. */
export const SUPERVISE_GROUP_TASK: RecordKind<SuperviseGroupTask> = {
  name: 'task of a supervisor of several sidecars',
  version: 1,
  schema: z.object({ ...flags, names: z.nullable(z.array(z.string())), sidecars: z.array(SUPERVISED_SIDECAR) }),
};
