/** The error codes of sidecars. */
import type { CatalogueEntry } from './entry.ts';

/** Sidecars and their upgrades. Codes WEIR40xx. */
export const SIDECAR_ERRORS = {
  WEIR4001: {
    title: 'the sidecar has a supervisor already',
    exit: 3,
    kind: 'host',
    explain:
      'Each sidecar has one supervisor, `weir sidecar run NAME`. Its lock is held by a running process, so a second one does not start. Nothing was changed.',
  },
  WEIR4002: {
    title: 'the sidecar has no supervisor',
    exit: 3,
    kind: 'host',
    explain:
      'Upgrade, abort, rollback, stop and reopen-logs are carried out by the supervisor, `weir sidecar run NAME`, which does not run or does not answer. An Envoy that it had started goes on serving, and a new supervisor adopts it. Nothing was changed.',
  },
  WEIR4003: {
    title: 'binary or bootstrap of the sidecar cannot be used',
    exit: 3,
    kind: 'host',
    explain:
      'The Envoy binary or the bootstrap file is missing, cannot be read, or cannot be stored in the state directory (no room, no rights). Nothing was changed.',
  },
  WEIR4004: {
    title: 'upgrade refused',
    exit: 3,
    kind: 'host',
    explain:
      'The checks before an upgrade found a reason why it would fail or lose requests. Nothing was changed; the serving Envoy was not touched. The message lists every reason.',
  },
  WEIR4005: {
    title: 'the sidecar is busy',
    exit: 3,
    kind: 'host',
    explain:
      'Another upgrade is under way, or the sidecar is being started or stopped. One change at a time: an overlapping upgrade would end requests that still run. The message says in which state it is and how many seconds are left.',
  },
  WEIR4006: {
    title: 'upgrade aborted',
    exit: 4,
    kind: 'child',
    explain:
      'The new Envoy was removed before it took over: it failed, it was not ready in time, or an operator aborted. The old one serves as before where there was one; if it has ended or is being stopped, the error says that no Envoy serves. The next upgrade needs no manual step.',
  },
  WEIR4007: {
    title: 'upgrade rolled back',
    exit: 4,
    kind: 'child',
    explain:
      'The new Envoy failed after the hand-over, or did not hold every listener. The former binary and bootstrap serve again.',
  },
  WEIR4008: {
    title: 'upgrade failed, and so did the way back',
    exit: 5,
    kind: 'child',
    explain:
      'The new Envoy failed after the hand-over, and the former pair is not live again, or not with every listener. The error says whether an Envoy serves. While none does, the supervisor sends applications with `onFailure: direct` past the sidecar, and starts the former pair again and again. `weir sidecar status` shows the state, `weir status` where new connections go; the log of the sidecar says why a start fails.',
  },
  WEIR4009: {
    title: 'gave up waiting for the supervisor',
    exit: 6,
    kind: 'host',
    explain:
      'The supervisor went away before it answered, or before it said how an upgrade ended. An upgrade that it had begun goes on when a supervisor is back; `weir sidecar history NAME` shows its end.',
  },
  WEIR4010: {
    title: 'nothing to go back to',
    exit: 3,
    kind: 'user',
    explain: 'No upgrade has settled yet, so the versions store holds no former pair. Nothing was changed.',
  },
  WEIR4011: {
    title: 'unknown sidecar',
    exit: 2,
    kind: 'user',
    explain: 'mesh.yaml has no sidecar of that name. Nothing was done.',
  },
  WEIR4012: {
    title: 'the sidecar is not run by weir',
    exit: 2,
    kind: 'user',
    explain: 'Its entry in mesh.yaml has no `binary` and `bootstrap`: another program runs it. Nothing was done.',
  },
  WEIR4013: {
    title: 'too late to abort',
    exit: 3,
    kind: 'user',
    explain:
      'The new Envoy has taken over and the old one drains; it cannot accept connections again. Once the upgrade has settled, `weir sidecar rollback NAME` returns to the former pair. Nothing was changed.',
  },
  WEIR4014: {
    title: 'the sidecar cannot be started',
    exit: 3,
    kind: 'child',
    explain: 'Envoy did not accept its binary or bootstrap, so nothing was started.',
  },
  WEIR4015: {
    title: 'bootstrap not written',
    exit: 3,
    kind: 'host',
    explain:
      '`weir sidecar init` does not write over an existing file without --force, and does not leave a file that Envoy itself refuses.',
  },
  WEIR4016: {
    title: 'containers of a hot upgrade set up wrongly',
    exit: 2,
    kind: 'user',
    explain:
      'OpenKruise gives each of the two containers SIDECARSET_VERSION and SIDECARSET_VERSION_ALT, two different whole numbers. One of them is missing or is no such number. Nothing was started.',
  },
  WEIR4017: {
    title: 'the sidecar did not settle in time',
    exit: 6,
    kind: 'host',
    explain:
      '`weir sidecar wait-settled` gave up: the sidecar is not live, or its upgrade is still under way. Nothing was changed; `weir sidecar status NAME` shows where it stands.',
  },
  WEIR4018: {
    title: 'the supervisor was not replaced',
    exit: 3,
    kind: 'host',
    explain:
      '`weir sidecar handoff` was refused before anything changed: the other weir could not try its start, or this supervisor cannot be replaced in place. The supervisor goes on as before, and Envoy was not touched.',
  },
  WEIR4019: {
    title: 'handoff failed, the former weir supervises again',
    exit: 4,
    kind: 'child',
    explain:
      'The other weir could not adopt every sidecar of the supervisor, so the former weir took them back. Envoy served all the time.',
  },
  WEIR4020: {
    title: 'no supervisor since the handoff',
    exit: 5,
    kind: 'child',
    explain:
      'The other weir did not say that it goes on, and the former one did not come back. Envoy serves on by itself. Start `weir sidecar run` again, or let the service manager do it: it adopts the Envoys.',
  },
} as const satisfies Record<`WEIR40${number}`, CatalogueEntry>;
