/** The program that `weir sidecar run` goes on as: no command line parser, no parser of mesh.yaml, no HTTP library. */
import { runSupervisor } from '../sidecar/cli/run-supervisor.ts';
import { runTask } from '../sidecar/compose-task.ts';
import { SUPERVISE_TASK } from '../sidecar/records/supervise-task.ts';

await runTask(SUPERVISE_TASK, runSupervisor);
