/** A supervisor as a program of its own: its task is its first argument. */
import { CommandOutput } from '../cli/command-output.ts';
import { toWeirError } from '../cli/to-weir-error.ts';
import type { ExitCode } from '../errors/exit-codes.ts';
import { shedLeanVariables } from '../platform/process/lean-runtime.ts';
import { type RecordKind, readText, requireRecord } from '../platform/record.ts';
import { runWords } from './cli/run-words.ts';
import { goBackOnFailure } from './compose-process.ts';
import type { RunFlags } from './records/supervise-task.ts';

/** Reads the task, carries it out and ends this process with its exit code. */
export async function runTask<T extends RunFlags>(
  kind: RecordKind<T>,
  run: (task: T, output: CommandOutput) => Promise<ExitCode>,
): Promise<never> {
  shedLeanVariables();
  const exit = await carryOut(kind, run);
  if (exit !== 0) goBackOnFailure(`it ended with exit code ${exit}`);
  await Promise.all([process.stdout, process.stderr].map((stream) => new Promise((done) => stream.write('', done))));
  process.exit(exit);
}

async function carryOut<T extends RunFlags>(
  kind: RecordKind<T>,
  run: (task: T, output: CommandOutput) => Promise<ExitCode>,
): Promise<ExitCode> {
  let task: T;
  try {
    task = requireRecord(kind, 'the task of this program', readText(kind, process.argv[2] ?? ''));
  } catch (thrown) {
    const error = toWeirError(thrown, { argv: ['sidecar', 'run'], weirVersion: '' });
    new CommandOutput({ json: false, verbose: false }).failure(error);
    return error.exit;
  }
  // The name that `ps` and `top` show instead of the task.
  process.title = ['weir', ...runWords(task)].join(' ');
  return run(task, new CommandOutput({ json: task.json, verbose: task.verbose }));
}
