import type { UpgradeReport } from '../../upgrade/upgrade-report.ts';
import type { PeerPort, SupervisionPorts } from '../ports/supervision.ts';
import { pause } from './pause.ts';
import type { SidecarSupervisor } from './supervisor.ts';
import type { SupervisorRequests } from './supervisor-requests.ts';
import { requireGoodEnd } from './upgrade-verdict.ts';

/** How long another container may be busy before this one gives up taking over. */
const BUSY_PATIENCE_MS = 120_000;

/** Asks the container that serves to step down. Null when none serves: then there is nothing to take over. */
export async function askToTakeOver(ports: SupervisionPorts): Promise<PeerPort | null> {
  const deadline = Date.now() + BUSY_PATIENCE_MS;
  for (;;) {
    const answer = await ports.askControl({ command: 'hand-over' });
    if (answer === null) return null;
    if ('result' in answer) return ports.openPeer();
    const { code } = (answer.error ?? {}) as { code?: string };
    // In the middle of a change, or of its own end: both pass.
    if ((code !== undefined && code !== 'WEIR4005') || Date.now() > deadline) return null;
    await pause(500);
  }
}

/** What bringing up needs. `end` ends the supervisor and frees the control socket. */
export interface BringUpContainer {
  readonly ports: SupervisionPorts;
  readonly supervisor: SidecarSupervisor;
  readonly requests: SupervisorRequests;
  readonly peer: PeerPort | null;
  /** Resolves when something serves. */
  readonly live: Promise<void>;
  readonly end: () => Promise<void>;
}

/**
 * Makes the sidecar of this container's image the one that serves: by a hot upgrade of the other container's, or of the
 * one that was settled last. A take-over that ends before the hand-over gives the sidecar back and throws what
 * `weir sidecar upgrade` would end with; after the hand-over this container goes on serving whatever came out.
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
    // Also an image with the same Envoy is taken over by: the other container is about to be emptied.
    const force = peer !== null;
    const asked = { binary: null, bootstrap: null, dryRun: false, drainMs: null, initTimeoutMs: 60_000, force };
    const report = await requests.upgrade({ ...asked, rollback: false }, () => {});
    if (report.outcome === 'refused' || report.outcome === 'aborted') requireGoodEnd(supervisor.spec.name, report);
    if (report.outcome === 'settled') await peer?.retire();
    await ports.note(report.outcome === 'unchanged' ? null : report, problemOf(supervisor.spec.name, report));
  } catch (error) {
    const problem = error instanceof Error ? error.message : String(error);
    if (peer === null) {
      // Nobody else is there to serve: what was settled last goes on, and the failure is told.
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
    return error instanceof Error ? error.message : String(error);
  }
}

function reportOf(error: unknown): UpgradeReport | null {
  const details = (error as { details?: unknown }).details;
  return typeof details === 'object' && details !== null && 'outcome' in details ? (details as UpgradeReport) : null;
}
