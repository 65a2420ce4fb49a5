/** Whether a sidecar can take connections, by its admin address and, where that does not say it, by its supervisor. */
import { reasonOf } from '../errors/message-of.ts';
import type { AccountId, SidecarConfig } from '../mesh/mesh-config.ts';
import type { Readiness } from '../platform/readiness.ts';
import type { InterceptHost } from './host.ts';
import type { ManagedSidecar } from './managed-sidecars.ts';
import type { StoredSidecar } from './stored-state.ts';

/**
 * Asks a sidecar, and where its answer may not be of the process that serves the supervisor, which watches that one. Never
 * rejects: where the supervisor could not be asked either, whether the process that serves is ready is not known.
 * `configured` is null where mesh.yaml was not read.
 */
export async function sidecarReadiness(
  host: Pick<InterceptHost, 'askReadiness' | 'sidecarStatus'>,
  { name, admin, readyPath }: StoredSidecar,
  configured: SidecarConfig<AccountId> | null,
  timeoutMs: number,
): Promise<Readiness> {
  const asked = await host.askReadiness(admin, readyPath, timeoutMs);
  if (asked.state === 'ready' || asked.state === 'frozen') return asked;
  try {
    return besideSupervisor(asked, await host.sidecarStatus(name, configured));
  } catch (error) {
    return { state: 'unknown', detail: `${asked.detail}; its supervisor could not be asked: ${reasonOf(error)}` };
  }
}

/**
 * The answer of the admin address, corrected by the supervisor's: an aborted upgrade leaves its admin address to nobody,
 * and the former Envoy serves as before. During an upgrade the new Envoy answers "not ready" there while the old one serves.
 * Where the admin address cannot be asked, the supervisor's word is the only one.
 */
export function besideSupervisor(asked: Readiness, managed: ManagedSidecar | null): Readiness {
  const isUnsaid = asked.state === 'dead' || asked.state === 'unknown';
  const serves = managed?.state === 'upgrading' || (managed?.state === 'live' && isUnsaid);
  return serves && (isUnsaid || asked.state === 'not-ready') ? { state: 'ready' } : asked;
}
