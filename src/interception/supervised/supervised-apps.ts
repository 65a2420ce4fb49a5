/** The applications of one sidecar in the state file, and the log of their changes. */
import type { Backend } from '../backend.ts';
import type { InterceptHost } from '../host.ts';
import type { StoredApp, StoredState } from '../stored-state.ts';

/** The applications of one sidecar that are on, as they are remembered. */
export interface SupervisedApps {
  readonly state: StoredState;
  readonly backend: Backend;
  readonly apps: readonly StoredApp[];
}

/**
 * Null while none is on. Read anew each time: commands change the state file under a running supervisor. Rejects when it
 * cannot be read, or was written by a newer weir: that none is on is not known then.
 */
export async function supervisedApps(
  host: Pick<InterceptHost, 'store'>,
  sidecar: string,
): Promise<SupervisedApps | null> {
  const { state, problem } = await host.store.read();
  if (problem !== null) throw new Error(problem);
  if (state === null || state.backend === null) return null;
  const apps = state.apps.filter((app) => app.desired === 'on' && app.sidecar.name === sidecar);
  return apps.length === 0 ? null : { state, backend: state.backend, apps };
}

/** A change of state of applications. */
export interface TrafficChange {
  readonly apps: readonly string[];
  readonly from: string;
  readonly to: string;
  readonly reason: string;
  /** Milliseconds since it happened, for what was found out later; 0 if omitted. */
  readonly agoMs?: number;
}

/** Writes changes of applications into the event log, in the name of the sidecar's supervisor. */
export async function noteChange(
  host: Pick<InterceptHost, 'clock' | 'journal'>,
  sidecar: string,
  change: TrafficChange,
): Promise<void> {
  const { apps, from, to, reason, agoMs = 0 } = change;
  const at = new Date(host.clock.now() - agoMs).toISOString();
  for (const app of apps) await host.journal({ at, app, from, to, by: `supervisor of ${sidecar}`, reason });
}
