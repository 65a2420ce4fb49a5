/** The take-over of a sidecar by the new container of a pod from the old one. */
import { messageOf } from '../../errors/message-of.ts';
import { WeirError } from '../../errors/weir-error.ts';
import type { UpgradeReport } from '../machine/upgrade-report.ts';
import type { PeerPort, SupervisorPorts } from '../supervisor-ports.ts';
import { requireGoodEnd } from '../usecases/upgrade-verdict.ts';
import type { SidecarSupervisor } from './supervisor.ts';
import type { SupervisorRequests } from './supervisor-requests.ts';

/** How long another container may be busy before this one gives up taking over. */
const BUSY_PATIENCE_MS = 120_000;

/**
 * Asks the container that serves to step down. Null when none serves, or when it stays busy: then there is nothing to take
 * over. Throws what else it refuses with.
 */
export async function askToTakeOver(ports: SupervisorPorts): Promise<PeerPort | null> {
  const { clock } = ports;
  const deadline = clock.monotonic() + BUSY_PATIENCE_MS;
  for (;;) {
    const answer = await ports.askToHandOver().catch(busyOrThrow);
    if (answer === 'busy' || answer.kind === 'gone') {
      // The other supervisor is in the middle of a change, or of its own end: both pass.
      if (clock.monotonic() > deadline) return null;
      await clock.sleep(500);
    } else {
      return answer.kind === 'nobody' ? null : ports.openPeer();
    }
  }
}

function busyOrThrow(error: unknown): 'busy' {
  if (error instanceof WeirError && error.code === 'WEIR4005') return 'busy';
  throw error;
}

/** The inputs of the start. `end` ends the supervisor and frees the control socket. */
export interface BringUpContainer {
  readonly ports: SupervisorPorts;
  readonly supervisor: SidecarSupervisor;
  readonly requests: SupervisorRequests;
  readonly peer: PeerPort | null;
  /** Resolves when something serves. */
  readonly live: Promise<void>;
  readonly end: () => Promise<void>;
}

/**
 * Makes the sidecar of this container's image the serving one, by a hot upgrade of the other container's sidecar or of
 * the last settled one. A take-over that ends before the hand-over gives the sidecar back, and throws the error that
 * `weir sidecar upgrade` would end with. After the hand-over this container goes on serving, whatever the result.
 */
export async function bringUpContainer({
  ports,
  supervisor,
  requests,
  peer,
  live,
  end,
}: BringUpContainer): Promise<void> {
  try {
    await live;
    // Take over even if both images hold the same Envoy: the other container is about to be emptied.
    const force = peer !== null;
    const asked = { binary: null, bootstrap: null, dryRun: false, drainMs: null, initTimeoutMs: 60_000, force };
    const report = await requests.upgrade({ ...asked, rollback: false }, () => {});
    if (report.outcome === 'refused' || report.outcome === 'aborted') requireGoodEnd(supervisor.name, report);
    if (report.outcome === 'settled') await peer?.retire();
    await ports.note(report.outcome === 'unchanged' ? null : report, problemOf(supervisor.name, report));
  } catch (error) {
    const problem = messageOf(error);
    if (peer === null) {
      // Nobody else can serve: start the last settled pair and report the failure.
      supervisor.warn(problem);
      await ports.note(reportOf(error), problem);
      return;
    }
    await end();
    peer.release();
    await ports.note(reportOf(error), problem);
    throw error;
  }
}

function problemOf(name: string, report: UpgradeReport): string | null {
  try {
    requireGoodEnd(name, report);
    return null;
  } catch (error) {
    return messageOf(error);
  }
}

function reportOf(error: unknown): UpgradeReport | null {
  const details = (error as { details?: unknown }).details;
  return typeof details === 'object' && details !== null && 'outcome' in details ? (details as UpgradeReport) : null;
}
