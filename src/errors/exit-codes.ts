/**
 * What each exit code of weir means, the same with and without `--json`.
 * Scripts rely on this table; a code never changes its meaning.
 */
export const EXIT_CODES = {
  0: 'done, or nothing to do',
  1: 'findings: drift, failed checks, lossy or refused rules',
  2: 'wrong usage or unreadable input',
  3: 'refused; nothing was changed',
  4: 'failed part-way; rolled back to the state before',
  5: 'failed and the roll-back failed or an emergency bypass is on: the manual steps are printed',
  6: 'timed out',
  70: "a bug of weir; a report file's path is printed",
  129: 'ended by SIGHUP (its terminal went away) before the command could end by itself',
  130: 'interrupted by SIGINT before the command could end by itself',
  143: 'ended by SIGTERM before the command could end by itself',
} as const;

/** One of the exit codes that weir's commands end with. */
export type ExitCode = keyof typeof EXIT_CODES;

/** The exits of a command that could do its work: done, and findings. All others come with an error. */
export type SuccessExit = 0 | 1;
