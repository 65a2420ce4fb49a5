import { loadMeshConfig } from '../config-file.ts';
import type { SupervisedSidecar } from './read-spec-apart.ts';
import { readSidecarSpec } from './sidecar-spec.ts';

/** Reads from mesh.yaml what a supervisor needs. Throws WEIR4011, WEIR4012 or an error of the file. */
export async function readSupervisedSidecar(config: string, name: string): Promise<SupervisedSidecar> {
  const spec = await readSidecarSpec(config, name);
  const { apps } = await loadMeshConfig(config);
  return { spec, apps: [...apps.values()].filter(({ sidecar }) => sidecar === name).map((app) => app.name) };
}
