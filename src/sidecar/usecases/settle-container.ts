/** `weir sidecar wait-settled`: this container's part of the start, waited for. */
import { containerRole } from '../container-role.ts';
import type { SidecarPorts } from './ports.ts';
import { readSidecarSpec } from './sidecar-spec.ts';
import { type SettledResult, waitSettled } from './wait-settled.ts';

/** How long a supervisor may take to say how its sidecar is, before it is asked again. */
const ANSWER_MS = 2000;

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
      // A supervisor that is stopped (SIGSTOP) never answers, and the wait has its own end.
      const late = AbortSignal.any([how.signal, AbortSignal.timeout(ANSWER_MS)]);
      const answer = await line.ask<'status'>({ command: 'status' }, undefined, late);
      return answer.kind === 'result' ? answer.result : null;
    },
  });
}
