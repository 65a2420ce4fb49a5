/** Runs the built weir for a test. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';

/** The built entry of weir, as users start it. */
export const WEIR_BIN = fileURLToPath(new URL('../bin/run.js', import.meta.url));

/** The folder of package.json. */
export const PROJECT_ROOT = fileURLToPath(new URL('..', import.meta.url)).replace(/\/$/, '');

/** Makes Node keep what it compiled from TypeScript: halves the time of tests that start a program of src/ many times. */
export const KEEP_COMPILED = { NODE_COMPILE_CACHE: `${PROJECT_ROOT}/.cache/compile` } as const;

/** How a program ended and all that it wrote. */
export interface Ended {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Variables on top of the test's own environment; undefined removes one. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** Runs the built weir to its end, without a terminal and without stdin. */
export async function runWeirBin(args: readonly string[], env: Environment = {}): Promise<Ended> {
  return runNode([WEIR_BIN, ...args], env);
}

/** Runs this test's Node with `args` to its end, without a terminal and without stdin. */
export async function runNode(args: readonly string[], env: Environment = {}): Promise<Ended> {
  const child = spawn(process.execPath, args, {
    env: cleanEnvironment(env),
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const [stdout, stderr, [code, signal]] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    once(child, 'close'),
  ]);
  return { code, signal, stdout, stderr };
}

/** This process's environment without what would change weir's behaviour (colours, WEIR_*), plus `env`. */
export function cleanEnvironment(env: Environment = {}): NodeJS.ProcessEnv {
  const inherited = Object.entries(process.env).filter(
    ([name]) => !/^(WEIR_|NODE_|FORCE_COLOR$|NO_COLOR$|CI$)/.test(name),
  );
  return Object.fromEntries(
    [...inherited, ...Object.entries(env)].filter((entry) => entry[1] !== undefined),
  ) as NodeJS.ProcessEnv;
}
