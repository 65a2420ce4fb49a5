/** The checks of `weir check clock`. */
import { type Check, finding } from './check-finding.ts';
import { unreadMemory } from './unread-memory.ts';

/** No host has run weir before this: 2025-01-01. */
const EARLIEST_MS = Date.UTC(2025, 0, 1);
/** A state file dated further ahead than this shows that the clock was set back. */
const AHEAD_MS = 60_000;

const WHY = 'on iptables `--confirm` ends at a time of day: a clock that jumps ends it too early or too late';

/** Whether the wall clock can be trusted. */
export const CLOCK_CHECKS: readonly Check[] = [
  {
    about: 'the wall clock',
    why: WHY,
    async run(host) {
      const { nowMs, isSynchronised, by } = await host.facts.clock();
      const evidence = new Date(nowMs).toISOString();
      // A machine without a battery begins in 1970 and stays there until a time service has been reached.
      if (nowMs < EARLIEST_MS)
        return [
          finding('error', 'the clock is years behind', WHY, { hint: 'set it, and start a time service', evidence }),
        ];
      if (isSynchronised === false)
        return [
          finding('warning', `${by ?? 'the time service'} has not set the clock yet`, WHY, {
            hint: 'wait for it, or look at its log',
            evidence,
          }),
        ];
      if (isSynchronised === null)
        return [finding('skipped', `not known whether the clock is kept right: ${unknownBy(by)}`, WHY, { evidence })];
      return [finding('ok', `${by} keeps the clock`, WHY, { evidence })];
    },
  },
  {
    about: 'the clock and what weir remembers',
    why: WHY,
    async run(host) {
      // Files of weir dated in the future are the cheapest sign of a clock that was set back.
      const { state, problem } = await host.intercept.store.read();
      if (problem !== null) return [unreadMemory(problem, WHY)];
      const { nowMs } = await host.facts.clock();
      const ahead = (state?.apps ?? []).filter(({ since }) => Date.parse(since) > nowMs + AHEAD_MS);
      return ahead.map(({ name, since }) =>
        finding('warning', `${name} was switched in the future: the clock went back`, WHY, {
          hint: 'set the clock; a deadline of --confirm is judged by it',
          evidence: since,
        }),
      );
    },
  },
];

function unknownBy(service: string | null): string {
  return service === null ? 'neither chrony nor systemd-timesyncd is here' : `${service} does not answer`;
}
