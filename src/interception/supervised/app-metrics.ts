/** The applications of a sidecar for its metrics. */
import type { InterceptHost } from '../host.ts';
import type { SupervisedApp } from './ports.ts';

/**
 * The applications of one sidecar as `weir status` shows them; `configured` are those that mesh.yaml names. As long as
 * none was ever switched on, neither packet rules nor connections are asked for: a supervisor that idles costs nothing.
 * Rejects when the state file cannot be read.
 */
export async function appsOfSidecar(
  host: InterceptHost,
  configured: readonly string[],
  sidecar: string,
): Promise<readonly SupervisedApp[]> {
  const never = (name: string) =>
    ({ name, state: 'off', connections: { proxied: 0, direct: 0 }, lease: null }) as const;
  const { state, problem } = await host.store.read();
  if (problem !== null) throw new Error(problem);
  if (!state?.apps.some((app) => app.sidecar.name === sidecar)) return configured.map(never);
  // Loaded late: it pulls in most of the interception, and a supervisor must stay small.
  const { reportStatus } = await import('../report-status.ts');
  const { result } = await reportStatus(host, { config: null, apps: [] });
  const seen = result.apps.filter((app) => app.sidecar === sidecar);
  return [...seen, ...configured.filter((name) => !result.apps.some((app) => app.name === name)).map(never)];
}
