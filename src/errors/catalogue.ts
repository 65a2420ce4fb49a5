import type { ExitCode } from './exit-codes.ts';

/** Who can mend it: the user, whoever runs the host, the child process that failed, or weir's own developers. */
export type ErrorKind = 'user' | 'host' | 'child' | 'bug';

/** One row of the catalogue: a short title, the usual exit code, and the paragraph that `weir help CODE` prints. */
export interface CatalogueEntry {
  readonly title: string;
  readonly exit: ExitCode;
  readonly kind: ErrorKind;
  readonly explain: string;
}

/**
 * Every error code of weir. A code is never reused: one that is no longer thrown stays here.
 * WEIR10xx usage and config, WEIR20xx host, WEIR30xx interception, WEIR40xx sidecar, WEIR50xx rules, WEIR90xx our bug.
 */
export const ERROR_CATALOGUE = {
  WEIR1001: {
    title: 'flag or argument not understood',
    exit: 2,
    kind: 'user',
    explain:
      'The command line holds a flag or an argument that the command does not know, or lacks one that it needs. `weir help COMMAND` lists what it takes. Nothing was done.',
  },
  WEIR1002: {
    title: 'value of a flag not accepted',
    exit: 2,
    kind: 'user',
    explain:
      'A flag got a value of the wrong form. Durations are a number and a unit: 500ms, 15s, 2m, 1h. The message names the flag, what it got and what it takes. Nothing was done.',
  },
  WEIR1003: {
    title: 'unknown command',
    exit: 2,
    kind: 'user',
    explain: 'There is no command of that name. `weir --help` lists the commands. Nothing was done.',
  },
  WEIR1004: {
    title: 'unknown help topic',
    exit: 2,
    kind: 'user',
    explain:
      '`weir help` takes the name of a command, an error code such as WEIR1004, or a topic: exit-codes, errors, mesh-yaml.',
  },
  WEIR1005: {
    title: 'network namespace does not exist',
    exit: 2,
    kind: 'user',
    explain:
      '--netns takes the name of a namespace (as `ip netns list` prints it), the number of a process, or the path of a namespace file. What was given is none of these on this host. Nothing was done.',
  },
  WEIR2001: {
    title: 'a program that weir needs is missing',
    exit: 3,
    kind: 'host',
    explain:
      'weir calls a few programs of the system (nft, iptables-restore, conntrack, ip, nsenter). One was not found in PATH. The hint names the Debian package that holds it.',
  },
  WEIR2002: {
    title: 'a program did not end in time',
    exit: 6,
    kind: 'child',
    explain:
      'weir gives each program that it calls a deadline. This one was still running at the deadline and was ended. A common reason is a lock that another program holds (the xtables lock), or a stalled disk.',
  },
  WEIR2003: {
    title: 'a program failed',
    exit: 3,
    kind: 'child',
    explain:
      "A program that weir called ended with an exit code other than 0. The message holds its arguments, its exit code and the end of what it wrote to stderr. weir's own steps around it say whether something had been changed before.",
  },
  WEIR2004: {
    title: 'network namespace cannot be entered',
    exit: 3,
    kind: 'host',
    explain:
      'The namespace that --netns names exists, but weir could not move into it: that takes nsenter (package util-linux) and CAP_SYS_ADMIN, usually root. Nothing was changed.',
  },
  WEIR2005: {
    title: 'interrupted',
    exit: 130,
    kind: 'user',
    explain:
      'The command was told to stop (Ctrl-C or SIGTERM) and ended before its work was done. Commands that change the host undo what they began, or say what is left, before they end.',
  },
  WEIR9001: {
    title: 'a bug of weir',
    exit: 70,
    kind: 'bug',
    explain:
      'weir met a state that its authors thought impossible. A report file with the stack trace, the command line and the versions was written; its path is in the hint. It holds no file contents and no environment variables.',
  },
} as const satisfies Record<`WEIR${number}`, CatalogueEntry>;

/** A code of the catalogue. */
export type ErrorCode = keyof typeof ERROR_CATALOGUE;

/** Whether a text is a code of the catalogue, exactly as written. */
export function isErrorCode(text: string): text is ErrorCode {
  return Object.hasOwn(ERROR_CATALOGUE, text);
}
