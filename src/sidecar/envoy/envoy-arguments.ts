/** The command line of an Envoy process, and its base-id. */
import type { Generation } from '../machine/sidecar-state.ts';

/** The parts of an Envoy process's command line. Paths are absolute. */
export interface EnvoyLaunch {
  readonly bootstrap: string;
  readonly baseId: number;
  readonly generation: Generation;
  readonly concurrency: number;
  readonly drainMs: number;
  /** The file into which Envoy writes its admin address; unique per process, echoed by /server_info. */
  readonly nonceFile: string;
  readonly logFile: string;
  /** More arguments, from mesh.yaml. */
  readonly more: readonly string[];
}

/** How much later than weir's own timer Envoy ends its parent by itself: the safety net for a supervisor that is gone. */
const SAFETY_NET_S = 3;

/**
 * The arguments of an Envoy process. `--drain-strategy immediate` tells every connection at its next response, and the
 * drain ends a second before the timer; `--concurrency` is always there because Envoy's default follows the CPU limit.
 * Envoy refuses repeated flags and the form `--flag=value`.
 */
export function envoyArguments(launch: EnvoyLaunch): string[] {
  const drainSeconds = Math.ceil(launch.drainMs / 1000);
  return [
    '-c',
    launch.bootstrap,
    '--base-id',
    String(launch.baseId),
    '--restart-epoch',
    String(launch.generation.epoch),
    '--concurrency',
    String(launch.concurrency),
    '--drain-strategy',
    'immediate',
    '--drain-time-s',
    String(Math.max(1, drainSeconds - 1)),
    '--parent-shutdown-time-s',
    String(drainSeconds + SAFETY_NET_S),
    '--admin-address-path',
    launch.nonceFile,
    '--log-path',
    launch.logFile,
    ...launch.more,
  ];
}

/**
 * The base-id of a sidecar: 26 bits of a hash of its name and run directory, and one for the variant. Ten times the number
 * has to stay below 2^31: beyond, Envoy's socket names hold another number than its shared memory (met on 1.39 and 1.40).
 * FNV-1a: short, and good enough to keep a handful of sidecars of one host apart.
 */
export function sidecarBaseId(name: string, runDir: string, variant: 0 | 1): number {
  let hash = 0x811c9dc5;
  for (const byte of new TextEncoder().encode(`${runDir}\0${name}`)) hash = Math.imul(hash ^ byte, 0x01000193) >>> 0;
  return (hash >>> 6) * 2 + variant;
}
