import type { InterceptHost } from '../host.ts';
import type { AppStatus } from '../report-status.ts';

/**
 * The applications of one sidecar as `weir status` shows them; `configured` are those that mesh.yaml names. As long as
 * none was ever switched on, neither packet rules nor connections are asked for: a supervisor that idles costs nothing.
 */
export async function appsOfSidecar(
  host: InterceptHost,
  configured: readonly string[],
  sidecar: string,
): Promise<readonly Pick<AppStatus, 'name' | 'state' | 'connections' | 'lease'>[]> {
  const never = (name: string) =>
    ({ name, state: 'off', connections: { proxied: 0, direct: 0 }, lease: null }) as const;
  const { state } = await host.store.read();
  if (!state?.apps.some((app) => app.sidecar.name === sidecar)) return configured.map(never);
  // Loaded late: most of the interception is in there, and a supervisor is to be small.
  const { reportStatus } = await import('../report-status.ts');
  const { result } = await reportStatus(host, { config: null, apps: [] });
  const seen = result.apps.filter((app) => app.sidecar === sidecar);
  return [...seen, ...configured.filter((name) => !result.apps.some((app) => app.name === name)).map(never)];
}
