/** Whether a sidecar can take connections, by its admin address and, where nobody listens there, by its supervisor. */
import type { AccountId, SidecarConfig } from '../mesh/mesh-config.ts';
import type { Readiness } from '../platform/readiness.ts';
import type { InterceptHost } from './host.ts';
import type { ManagedSidecar } from './managed-sidecars.ts';
import type { StoredSidecar } from './stored-state.ts';

/**
 * Asks a sidecar, and for one without an admin address the supervisor that watches its listeners. Never rejects: what
 * the supervisor cannot say leaves the answer of the admin address. `configured` is null where mesh.yaml was not read.
 */
export async function sidecarReadiness(
  host: Pick<InterceptHost, 'askReadiness' | 'sidecarStatus'>,
  { name, admin, readyPath }: StoredSidecar,
  configured: SidecarConfig<AccountId> | null,
  timeoutMs: number,
): Promise<Readiness> {
  const asked = await host.askReadiness(admin, readyPath, timeoutMs);
  if (asked.state !== 'dead') return asked;
  return besideSupervisor(asked, await host.sidecarStatus(name, configured).catch(() => null));
}

/**
 * The answer of the admin address, corrected by the supervisor's: an aborted upgrade leaves its admin address to nobody,
 * and the former Envoy serves as before.
 */
export function besideSupervisor(asked: Readiness, managed: ManagedSidecar | null): Readiness {
  if (asked.state !== 'dead' || managed === null) return asked;
  return managed.state === 'live' || managed.state === 'upgrading' ? { state: 'ready' } : asked;
}
