/** Ticks a second that kernels are built with (kernel/Kconfig.hz). */
const TICK_RATES = [100, 250, 300, 1000] as const;
/** The tick counter begins so that its lower half overflows five minutes after boot (linux/jiffies.h: INITIAL_JIFFIES). */
const [HALF, HEAD_START_S] = [2 ** 32, 300] as const;
/** The tick counter and the monotonic clock begin within this time of each other. */
const BOOT_SLACK_MS = 1000;

/** What is written to an xt_recent list to renew it, one entry a family; the rules look at no address. */
export const RECENT_ENTRIES = ['+0.0.0.0\n', '+::\n'] as const;

/**
 * How many milliseconds ago the newest entry of an xt_recent list was made; null for an empty list. The list has ticks
 * since boot, and nothing tells their rate to a program: of the rates there are, the right one gives the latest time
 * that has been (within seconds of five minutes after boot, a time too late). `monotonicMs` is CLOCK_MONOTONIC, which like ticks stands still while the host sleeps. 64-bit kernels.
 */
export function recentAgeMs(text: string, monotonicMs: number): number | null {
  const ticks = [...text.matchAll(/last_seen: (\d+)/g)].map(([, value]) => Number(value));
  if (ticks.length === 0) return null;
  const newest = Math.max(...ticks);
  const times = TICK_RATES.map((rate) => ((newest - HALF) / rate + HEAD_START_S) * 1000);
  const past = times.filter((time) => time <= monotonicMs + BOOT_SLACK_MS);
  return past.length === 0 ? 0 : Math.max(0, monotonicMs - Math.max(...past));
}
