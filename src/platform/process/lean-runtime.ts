/** Replacement of this process by a supervisor with Node flags that save memory. */
import { type ProgramName, programArgv } from './programs.ts';

/**
 * Node flags that trade speed, which a supervisor does not need, for resident memory. Without the compilers, their
 * pages of the node binary are never loaded (8 MB). No code of a supervisor runs long enough to be compiled.
 */
const LEAN = [
  '--optimize-for-size',
  '--max-semi-space-size=1',
  '--single-threaded-gc',
  '--no-opt',
  '--no-maglev',
  '--no-sparkplug',
];

/** glibc otherwise gives each thread that allocates an arena of its own. Not for the children: see `shedLeanVariables`. */
const LEAN_VARIABLES = { MALLOC_ARENA_MAX: '1', UV_THREADPOOL_SIZE: '2' };

/**
 * Replaces this process by another program of weir that needs little memory: same process number, another command line.
 * Returns only on a Node that cannot replace its process; the caller then runs the same program in this one.
 */
export function becomeLean(program: ProgramName, task: unknown): void {
  if (process.execve === undefined) return;
  const command = [...programArgv(program, [...process.execArgv, ...LEAN]), JSON.stringify(task)];
  process.execve(process.execPath, command, { ...process.env, ...LEAN_VARIABLES });
}

/** Takes the variables of `becomeLean` out of the environment, which Envoy and every tool inherit. */
export function shedLeanVariables(): void {
  for (const name of Object.keys(LEAN_VARIABLES)) delete process.env[name];
}
