/** The program that `weir host run` goes on as: no command line parser, and Node with flags that save memory. */
import { HOST_TASK } from '../fleet/host/host-task.ts';
import { runHostProgram } from '../fleet/text/run-host.ts';
import { shedLeanVariables } from '../platform/process/lean-runtime.ts';
import { readText, requireRecord } from '../platform/record.ts';

shedLeanVariables();
const task = requireRecord(HOST_TASK, 'the task of this program', readText(HOST_TASK, process.argv[2] ?? ''));
// The name that `ps` and `top` show instead of the task.
process.title = 'weir host run';
const exit = await runHostProgram(task);
await Promise.all([process.stdout, process.stderr].map((stream) => new Promise((done) => stream.write('', done))));
process.exit(exit);
