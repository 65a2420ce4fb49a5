/** The command line of a supervisor. */
import type { RunFlags, SuperviseGroupTask, SuperviseTask } from '../records/supervise-task.ts';

/** A task of either supervisor, for its words. */
export type RunTask = RunFlags & Partial<Pick<SuperviseTask, 'name'> & Pick<SuperviseGroupTask, 'names'>>;

/** `sidecar run` and the names that were given. */
export function runWords({ name, names }: RunTask): readonly string[] {
  return ['sidecar', 'run', ...(name === undefined ? (names ?? []) : [name])];
}

/** The same with every flag, for another process that shall do what this one does. */
export function runArguments(task: RunTask): readonly string[] {
  const { config, runDir, stateDir, netns, json, verbose, metricsFile } = task;
  const flags = ['--config', config, '--run-dir', runDir, '--state-dir', stateDir];
  if (netns !== '') flags.push('--netns', netns);
  if (json) flags.push('--json');
  if (verbose) flags.push('--verbose');
  if (metricsFile !== null) flags.push('--metrics-file', metricsFile);
  return [...runWords(task), ...flags];
}
