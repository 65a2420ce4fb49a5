/** The program that `weir discovery run` goes on as: no command line parser, no parser of mesh.yaml. */
import { CommandOutput } from '../cli/command-output.ts';
import { toWeirError } from '../cli/to-weir-error.ts';
import { runDiscovery } from '../discovery/cli/run-discovery.ts';
import { DISCOVERY_TASK, type DiscoveryTask } from '../discovery/records/discovery-task.ts';
import type { ExitCode } from '../errors/exit-codes.ts';
import { shedLeanVariables } from '../platform/process/lean-runtime.ts';
import { readText, requireRecord } from '../platform/record.ts';

shedLeanVariables();
const exit = await runTask(process.argv[2] ?? '');
await Promise.all([process.stdout, process.stderr].map((stream) => new Promise((done) => stream.write('', done))));
process.exit(exit);

async function runTask(text: string): Promise<ExitCode> {
  let task: DiscoveryTask;
  try {
    task = requireRecord(DISCOVERY_TASK, 'the task of this program', readText(DISCOVERY_TASK, text));
  } catch (thrown) {
    const error = toWeirError(thrown, { argv: ['discovery', 'run'], weirVersion: '' });
    new CommandOutput({ json: false, verbose: false }).failure(error);
    return error.exit;
  }
  // The name that `ps` and `top` show instead of the task.
  process.title = 'weir discovery run';
  return runDiscovery(task, new CommandOutput({ json: task.json, verbose: task.verbose }));
}
