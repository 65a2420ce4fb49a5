/** The shell keeper: it starts a program that outlives weir and records its exit status. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { runTool } from '../../platform/exec.ts';
import { nullIfMissing } from '../../platform/null-if-missing.ts';
import { hasEnded, type ProcessIdentity, readProcessStat } from './process-identity.ts';

/**
 * Starts the program in the background, writes NAME.pid ("pid start-ticks keeper-pid"), waits, writes NAME.exit (status).
 * NAME.exit is there from the start: opened at the end, it would wake a watcher of the folder before its line is in it.
 * The outer shell ends at once, so the keeper belongs to PID 1: Envoy asks the kernel for SIGTERM at its parent's death,
 * and the parent must therefore outlive a killed supervisor. Signals to the keeper are swallowed, not passed on.
 * It starts no other program: on a busy machine each costs tens of milliseconds in which nobody may be serving. A line
 * is whole when it ends.
 */
const KEEPER = `
dir=$1 name=$2; shift 2
(
  trap : HUP INT TERM USR1 USR2
  exec 3>"$dir/$name.exit"
  "$@" </dev/null >>"$dir/$name.out" 2>&1 3>&- &
  child=$!
  read -r keeper rest </proc/self/stat
  if read -r stat <"/proc/$child/stat"; then rest=\${stat##*) }; set -- $rest; start=\${20}; else start=0; fi
  echo "$child $start $keeper" >"$dir/$name.pid"
  while :; do
    wait "$child"; code=$?
    kill -0 "$child" 2>/dev/null || break
  done
  echo "$code" >&3
) </dev/null >/dev/null 2>&1 &
`;

/** A process behind a keeper; `keeperPid` is the shell that waits for it. */
export interface KeptProcess {
  readonly identity: ProcessIdentity;
  readonly keeperPid: number;
}

/**
 * Starts a program that outlives this process; its files are `DIR/NAME.{pid,exit,out}`. Resolves when the program's
 * number is known. Throws WEIR2001 to WEIR2003 when the shell cannot do it, e.g. because the disk is full.
 */
export async function startKept(dir: string, name: string, argv: readonly string[]): Promise<KeptProcess> {
  await runTool(['sh', '-c', KEEPER, 'weir-keeper', dir, name, ...argv], { timeoutMs: 10_000 });
  const deadline = performance.now() + 10_000;
  for (;;) {
    const kept = await readKept(dir, name);
    if (kept !== null) return kept;
    if (performance.now() > deadline) throw new Error(`${join(dir, `${name}.pid`)} was not written: is the disk full?`);
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
}

/** Reads what a keeper wrote about its process; null when there is no such file. Throws when it cannot be read. */
export async function readKept(dir: string, name: string): Promise<KeptProcess | null> {
  const text = await readFile(join(dir, `${name}.pid`), 'utf8').catch(nullIfMissing);
  if (text?.endsWith('\n') !== true) return null;
  const [pid, startTicks, keeperPid] = text.trim().split(' ');
  if (pid === undefined || startTicks === undefined) return null;
  return { identity: { pid: Number(pid), startTicks }, keeperPid: Number(keeperPid ?? 0) };
}

/** How a kept process ended, in words; null when its keeper has not said so (it runs, or the keeper was killed). */
export async function readKeptExit(dir: string, name: string): Promise<string | null> {
  const text = await readFile(join(dir, `${name}.exit`), 'utf8').catch(nullIfMissing);
  if (text?.endsWith('\n') !== true) return null;
  const code = Number(text.trim());
  return code > 128 ? `signal ${code - 128}` : `exit code ${code}`;
}

/** Whether the keeper of a process can still say how it ended. */
export async function isKeeperThere(dir: string, name: string): Promise<boolean> {
  const kept = await readKept(dir, name);
  if (kept === null) return false;
  const stat = await readProcessStat(kept.keeperPid);
  return stat !== null && !hasEnded(stat.state);
}
