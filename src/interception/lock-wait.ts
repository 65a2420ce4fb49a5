/** The time that a command waits for another weir command on this host. */
export const LOCK_WAIT_MS = 30_000;
