/** Whether a name is that of a sidecar, also while mesh.yaml is broken, missing, or does not have it any more. */
import type { SidecarPorts } from './ports.ts';
import { readSidecarSpec } from './sidecar-spec.ts';

/**
 * Resolves for a sidecar that a supervisor answers for, and for one that mesh.yaml says weir runs. Throws WEIR4011,
 * WEIR4012 or an error of the file where neither is so.
 */
export async function requireKnown(ports: Pick<SidecarPorts, 'mesh' | 'supervisedNames'>, name: string): Promise<void> {
  if ((await ports.supervisedNames()).includes(name)) return;
  await readSidecarSpec(ports.mesh, name);
}
