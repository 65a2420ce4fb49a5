/** Replacement of this process by a supervisor with Node flags that save memory. */
import { type ProgramName, programArgv } from './programs.ts';

/**
 * Node flags that trade speed, which a supervisor does not need, for resident memory. Without the compilers, their
 * pages of the node binary are never loaded (8 MB). No code of a supervisor runs long enough to be compiled.
 */
const LEAN = ['--optimize-for-size', '--max-semi-space-size=1', '--single-threaded-gc', '--no-opt', '--no-maglev'];

/**
 * The simplest compiler costs no memory that can be measured where much is done, and takes a tenth off the time of a discovery
 * agent. Elsewhere nothing is done often enough.
 */
const COMPILED: ReadonlySet<ProgramName> = new Set(['discoveryAgent']);

/**
 * glibc otherwise gives each thread that allocates an arena of its own, and keeps the more freed memory the larger the blocks
 * were that were ever freed: the first listing of a registry frees large ones. Not for the children: see `shedLeanVariables`.
 */
const LEAN_VARIABLES = { MALLOC_ARENA_MAX: '1', MALLOC_TRIM_THRESHOLD_: '131072', UV_THREADPOOL_SIZE: '2' };

/**
 * Replaces this process by another program of weir that needs little memory: same process number, another command line.
 * Returns only on a Node that cannot replace its process; the caller then runs the same program in this one.
 */
export function becomeLean(program: ProgramName, task: unknown): void {
  if (process.execve === undefined) return;
  const flags = COMPILED.has(program) ? LEAN : [...LEAN, '--no-sparkplug'];
  const command = [...programArgv(program, [...process.execArgv, ...flags]), JSON.stringify(task)];
  process.execve(process.execPath, command, { ...process.env, ...LEAN_VARIABLES });
}

/** Takes the variables of `becomeLean` out of the environment, which Envoy and every tool inherit. */
export function shedLeanVariables(): void {
  for (const name of Object.keys(LEAN_VARIABLES)) delete process.env[name];
}
