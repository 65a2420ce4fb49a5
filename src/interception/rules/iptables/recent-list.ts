/** Ticks a second that kernels are built with (kernel/Kconfig.hz). */
const TICK_RATES = [100, 250, 300, 1000] as const;
/** The tick counter begins so that its lower half overflows five minutes after boot (linux/jiffies.h: INITIAL_JIFFIES). */
const [HALF, HEAD_START_S] = [2 ** 32, 300] as const;
/** The tick counter and the monotonic clock begin within this time of each other. */
const BOOT_SLACK_MS = 1000;

/** The text that renews an xt_recent list, one entry a family; the rules look at no address. */
export const RECENT_ENTRIES = ['+0.0.0.0\n', '+::\n'] as const;

/**
 * The age in milliseconds of the newest entry of an xt_recent list; null for an empty list. The list counts ticks since
 * boot, and the kernel tells programs no tick rate. The function computes the time for each possible rate and takes the
 * latest one that has passed. That is the true one, except within seconds of five minutes after boot: then it may be
 * too late. `monotonicMs` is CLOCK_MONOTONIC, which like ticks does not advance while the host sleeps. 64-bit kernels
 * only.
 */
export function recentAgeMs(text: string, monotonicMs: number): number | null {
  const ticks = [...text.matchAll(/last_seen: (\d+)/g)].map(([, value]) => Number(value));
  if (ticks.length === 0) return null;
  const newest = Math.max(...ticks);
  const times = TICK_RATES.map((rate) => ((newest - HALF) / rate + HEAD_START_S) * 1000);
  const past = times.filter((time) => time <= monotonicMs + BOOT_SLACK_MS);
  return past.length === 0 ? 0 : Math.max(0, monotonicMs - Math.max(...past));
}
