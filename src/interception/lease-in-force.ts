/** The decision whether `on` installs a lease. */
import type { AppConfig } from '../mesh/mesh-config.ts';
import type { InterceptHost } from './host.ts';

/** The lease that mesh.yaml asks for, and whether it can be in force now. */
export interface LeaseDecision {
  /** Whole seconds, null without a lease. */
  readonly asked: number | null;
  /** Whole seconds; null where none is in force, which `warning` explains if one is asked for. */
  readonly inForce: number | null;
  /** Why a lease that was asked for is not in force. */
  readonly warning: string | null;
}

/**
 * Decides whether an application is diverted under a lease. A lease without renewal would divert nothing, so it needs a
 * supervisor that answers for the sidecar. A supervisor that starts later puts the lease in force itself.
 */
export async function decideLease(
  host: Pick<InterceptHost, 'isSupervised'>,
  app: Pick<AppConfig, 'name' | 'sidecar' | 'onFailure' | 'leaseMs'>,
): Promise<LeaseDecision> {
  if (app.leaseMs === null) return { asked: null, inForce: null, warning: null };
  if (app.onFailure === 'deny') {
    const warning = `${app.name}: its lease is not in force, since onFailure is deny: without the sidecar nothing may go direct`;
    return { asked: null, inForce: null, warning };
  }
  const asked = Math.ceil(app.leaseMs / 1000);
  if (await host.isSupervised(app.sidecar)) return { asked, inForce: asked, warning: null };
  const warning = `${app.name}: its lease is not in force, since no supervisor renews it; \`weir sidecar run ${app.sidecar}\` puts it in force`;
  return { asked, inForce: null, warning };
}
