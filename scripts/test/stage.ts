import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { performance } from 'node:perf_hooks';
import { text } from 'node:stream/consumers';

/** One check of the gate: a program that must end with 0. */
export interface Stage {
  readonly name: string;
  readonly argv: readonly [string, ...string[]];
}

/** How a stage ended. */
export interface StageResult {
  readonly name: string;
  readonly ok: boolean;
}

/** Runs a check and prints its line; what it wrote is shown only when it failed. */
export async function runStage({ name, argv }: Stage): Promise<StageResult> {
  const started = performance.now();
  const [file, ...args] = argv;
  const child = spawn(file, args, { stdio: ['ignore', 'pipe', 'pipe'] });
  const [stdout, stderr, [code]] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'close')]);
  const ok = code === 0;
  printStage(name, ok ? 'ok' : 'FAILED', performance.now() - started);
  if (!ok) process.stdout.write(`${stdout}${stderr}\n`);
  return { name, ok };
}

/** The one line of a stage: name, verdict, seconds, and what else there is to say. */
export function printStage(name: string, verdict: 'ok' | 'FAILED' | 'SKIPPED', ms: number, note = ''): void {
  const seconds = `${(ms / 1000).toFixed(1)} s`.padStart(7);
  process.stdout.write(`${name.padEnd(8)}${verdict.padEnd(8)}${seconds}${note === '' ? '' : `  ${note}`}\n`);
}
