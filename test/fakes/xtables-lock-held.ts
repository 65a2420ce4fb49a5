/** What iptables-legacy-restore 1.8.9 says when `-w` is over; the tests with real packets compare it. */
export const XTABLES_LOCK_HELD = {
  exitCode: 4,
  stderr: 'Another app is currently holding the xtables lock. Stopped waiting after 25s.\n',
} as const;
