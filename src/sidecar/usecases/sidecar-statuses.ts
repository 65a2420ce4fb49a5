/** The sidecars of mesh.yaml with their states. */
import type { SidecarStatus } from '../machine/upgrade-report.ts';
import type { SidecarPorts } from './ports.ts';
import { requireSidecar } from './sidecar-spec.ts';

/** One sidecar by its name, or all of mesh.yaml. Throws WEIR4011 for a name that mesh.yaml has not. */
export async function sidecarStatuses(
  ports: SidecarPorts,
  name: string | undefined,
): Promise<readonly SidecarStatus[]> {
  const mesh = await ports.mesh.load();
  const wanted = name === undefined ? [...mesh.sidecars.values()] : [requireSidecar(mesh, name)];
  return Promise.all(wanted.map((sidecar) => ports.statusOf(sidecar)));
}
