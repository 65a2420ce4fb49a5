// The program that `weir sidecar run` goes on as: no command line parser, no parser of mesh.yaml, no HTTP library.
import { shedLeanVariables } from '../host/lean-runtime.ts';
import { CommandOutput } from './command-output.ts';
import { runSupervisor } from './run-supervisor.ts';
import type { SuperviseTask } from './supervise.ts';

shedLeanVariables();
const task: SuperviseTask = JSON.parse(process.argv[2] ?? 'null');
// What `ps` and `top` show instead of the task.
process.title = `weir sidecar run ${task.name}`;
const output = new CommandOutput({ json: task.json, verbose: task.verbose });
const exit = await runSupervisor(task, output);
await Promise.all([process.stdout, process.stderr].map((stream) => new Promise((done) => stream.write('', done))));
process.exit(exit);
