/** The program that `weir sidecar run` goes on as for several sidecars; see `supervisor.ts`. */

import { runGroupSupervisor } from '../sidecar/cli/run-supervisor.ts';
import { runTask } from '../sidecar/compose-task.ts';
import { SUPERVISE_GROUP_TASK } from '../sidecar/records/supervise-task.ts';

await runTask(SUPERVISE_GROUP_TASK, runGroupSupervisor);
