/**
 * The fixed times of the upgrade, in milliseconds. Sources: Envoy's hot-restart code (10 retries of 1 s before it
 * aborts on a dead peer) and measurements on Envoy 1.39 and 1.40 (live 80-210 ms after the spawn, exit 8-20 ms).
 */
export const UPGRADE_TIMING = {
  /** A new process that does not answer on its admin address for this long counts as hung. */
  spawnMs: 10_000,
  /** A new process is given up after this long, whatever its progress. */
  initCapMs: 600_000,
  /** The old process may still owe the killed child an answer; it comes within this time while a sink takes it. */
  staleReplyMs: 1_500,
  /** How long a SIGKILLed process may take to vanish before it is killed once more. */
  reapMs: 5_000,
  /** How long the look at the new listeners may take. Without an answer the upgrade goes on, and looks again at its end. */
  handoverMs: 2_000,
  /** How long that second look may take. Without an answer the upgrade ends with a warning. */
  lastLookMs: 10_000,
  /** The drain goes on after this time, whether or not the SDKs have answered. */
  notifyMs: 2_000,
  /** A process told to end by SIGTERM is killed after this time. */
  endMs: 5_000,
  /** How long a process that is started beside a draining one may take to be live. */
  recoverMs: 5_000,
  /** How long the connections of a process that lost its listeners may go on beside its successor. */
  replaceDrainMs: 15_000,
  /** How long the operator's check of the new process may take, all tries together. */
  checkMs: 10_000,
  /** Envoy ends its parent this long after weir's timer (`--parent-shutdown-time-s`), less the time to count what is cut. */
  leftToEnvoyMs: 2_500,
  /** How long an Envoy started cold may take to be live. */
  coldStartMs: 30_000,
  /** A process that ran this long was healthy: its next start is not delayed. */
  healthyMs: 10_000,
  /** The longest pause between two cold starts. */
  backOffCapMs: 10_000,
} as const;

/** Milliseconds before the next cold start after `crashes` short-lived ones in a row: at once, 0.5 s, doubling to 10 s. */
export function coldStartBackOffMs(crashes: number): number {
  if (crashes <= 1) return 0;
  return Math.min(UPGRADE_TIMING.backOffCapMs, 500 * 2 ** Math.min(crashes - 2, 10));
}
