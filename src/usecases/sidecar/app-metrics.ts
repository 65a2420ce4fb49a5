import type { AccountId, MeshConfig } from '../../config/mesh-config.ts';
import type { InterceptHost } from '../host.ts';
import type { AppStatus } from '../report-status.ts';

/**
 * The applications of one sidecar as `weir status` shows them. As long as none was ever switched on, neither packet rules
 * nor connections are asked for: a supervisor that idles costs nothing.
 */
export async function appsOfSidecar(
  host: InterceptHost,
  config: MeshConfig<AccountId> | null,
  sidecar: string,
): Promise<readonly Pick<AppStatus, 'name' | 'state' | 'connections' | 'lease'>[]> {
  const { state } = await host.store.read();
  if (!state?.apps.some((app) => app.sidecar.name === sidecar)) {
    const configured = [...(config?.apps.values() ?? [])].filter((app) => app.sidecar === sidecar);
    return configured.map(({ name }) => ({ name, state: 'off', connections: { proxied: 0, direct: 0 }, lease: null }));
  }
  // Loaded late: most of the interception is in there, and a supervisor is to be small.
  const { reportStatus } = await import('../report-status.ts');
  const { result } = await reportStatus(host, { config, apps: [] });
  return result.apps.filter((app) => app.sidecar === sidecar);
}
