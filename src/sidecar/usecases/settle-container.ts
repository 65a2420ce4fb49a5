/** `weir sidecar wait-settled`: this container's part of the start, waited for. */
import { containerRole } from '../container-role.ts';
import type { SidecarPorts } from './ports.ts';
import { readSidecarSpec } from './sidecar-spec.ts';
import { type SettledResult, waitSettled } from './wait-settled.ts';

/**
 * `environment` says which container this is (`containerRole`). Throws what `waitSettled` and `containerRole` throw, and
 * WEIR4011 or WEIR4012 for a sidecar that weir does not run.
 */
export async function settleContainer(
  ports: SidecarPorts,
  name: string,
  {
    environment,
    ...how
  }: {
    readonly environment: Parameters<typeof containerRole>[0];
    readonly timeoutMs: number;
    readonly signal: AbortSignal;
  },
): Promise<SettledResult> {
  const role = containerRole(environment);
  // An idle container may be an image with neither mesh.yaml nor Envoy.
  if (role !== 'idle') await readSidecarSpec(ports.mesh, name);
  const line = ports.supervisorOf(name);
  return waitSettled({
    name,
    role,
    ...how,
    clock: ports.clock,
    readNote: ports.startNotesOf(name),
    async status() {
      const answer = await line.ask<'status'>({ command: 'status' });
      return answer.kind === 'result' ? answer.result : null;
    },
  });
}
