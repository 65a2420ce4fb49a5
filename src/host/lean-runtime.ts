import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/**
 * Flags that trade speed, which a supervisor does not need, for resident memory. Without the compilers their pages of the
 * node binary are never touched (8 MB); nothing that a supervisor does runs long enough to be compiled.
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
 * Goes on as another program of weir's, small in memory: same process number, another command line. Returns only on a
 * Node that cannot replace its process; the caller then runs the same program in this one.
 */
export function becomeLean(program: string, task: unknown): void {
  if (process.execve === undefined) return;
  const file = programFile(program);
  const command = [process.execPath, ...process.execArgv, ...LEAN, file, JSON.stringify(task)];
  process.execve(process.execPath, command, { ...process.env, ...LEAN_VARIABLES });
}

/** Takes the variables of `becomeLean` out of the environment, which Envoy and every tool inherit. */
export function shedLeanVariables(): void {
  for (const name of Object.keys(LEAN_VARIABLES)) delete process.env[name];
}

/**
 * The file of a program named by its path in src/ without suffix, e.g. `present/supervise-program`. Bundled, this code is
 * in a chunk or in the entry of a command, and the program is an entry of its own.
 */
export function programFile(program: string): string {
  const places = import.meta.url.endsWith('.ts')
    ? [`../${program}.ts`]
    : [`../${program}.js`, `../../${program}.js`, `./${program}.js`];
  const files = places.map((place) => fileURLToPath(new URL(place, import.meta.url)));
  return files.find((file) => existsSync(file)) ?? (files[0] as string);
}
