/**
 * The fixed times of the upgrade, in milliseconds. Sources: Envoy's hot-restart code (10 retries of 1 s before it
 * aborts on a dead peer) and measurements on Envoy 1.39 and 1.40 (live 80-210 ms after the spawn, exit 8-20 ms).
 */
export const UPGRADE_TIMING = {
  /** A new process that never answers on its admin address for so long is taken for hung. */
  spawnMs: 10_000,
  /** However much progress a new process shows, after so long it is given up. */
  initCapMs: 600_000,
  /** The old process may still owe the killed child an answer; it comes within this time while a sink takes it. */
  staleReplyMs: 1_500,
  /** How long a SIGKILLed process may take to vanish before it is killed once more. */
  reapMs: 5_000,
  handoverMs: 2_000,
  notifyMs: 2_000,
  /** A process told to end by SIGTERM is killed after this time. */
  endMs: 5_000,
  recoverMs: 5_000,
  coldStartMs: 30_000,
  /** A process that lived so long was healthy: its next start is not delayed. */
  healthyMs: 10_000,
  backOffCapMs: 10_000,
} as const;

/** Milliseconds before the next cold start after `crashes` short-lived ones in a row: at once, 0.5 s, doubling to 10 s. */
export function coldStartBackOffMs(crashes: number): number {
  if (crashes <= 1) return 0;
  return Math.min(UPGRADE_TIMING.backOffCapMs, 500 * 2 ** Math.min(crashes - 2, 10));
}
