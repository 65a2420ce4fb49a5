/** The part of mesh.yaml that a supervisor needs, read once before it begins. */
import { WeirError } from '../../errors/weir-error.ts';
import type { ResolvedMeshConfig } from '../../mesh/mesh-config.ts';
import type { SidecarSpec } from '../ports.ts';
import type { SidecarMesh } from './ports.ts';
import { readSidecarSpec, sidecarSpec } from './sidecar-spec.ts';

/** One sidecar and the applications that go through it. */
export interface SupervisedSidecar {
  readonly spec: SidecarSpec;
  /** Names of the applications. */
  readonly apps: readonly string[];
}

/** Reads it from mesh.yaml. Throws WEIR4011, WEIR4012 or an error of the file. */
export async function readSupervisedSidecar(mesh: SidecarMesh, name: string): Promise<SupervisedSidecar> {
  const spec = await readSidecarSpec(mesh, name);
  return { spec, apps: appsOf(await mesh.load(), name) };
}

/** Reads every sidecar that weir runs, in the order of mesh.yaml; none is no error. Throws an error of the file. */
export async function readSupervisedSidecars(mesh: SidecarMesh): Promise<readonly SupervisedSidecar[]> {
  const config = await mesh.load();
  const found: SupervisedSidecar[] = [];
  for (const sidecar of config.sidecars.values()) {
    const spec = await sidecarSpec(sidecar, mesh.primaryGroup);
    if (spec !== null) found.push({ spec, apps: appsOf(config, sidecar.name) });
  }
  return found;
}

/**
 * The sidecars for one supervisor: those named, or all that weir runs (null). Throws WEIR4011 or WEIR4012 for a name
 * that is none of them, WEIR4012 when there is none at all, or an error of the file.
 */
export async function requireSupervisedSidecars(
  mesh: SidecarMesh,
  names: readonly string[] | null,
): Promise<readonly SupervisedSidecar[]> {
  if (names !== null) return Promise.all([...new Set(names)].map((name) => readSupervisedSidecar(mesh, name)));
  const all = await readSupervisedSidecars(mesh);
  if (all.length > 0) return all;
  throw new WeirError('WEIR4012', {
    what: 'weir runs no sidecar of mesh.yaml',
    why: `no sidecar in ${mesh.file} has a \`binary\` and a \`bootstrap\``,
    hint: 'add both to run one with `weir sidecar run`; `weir sidecar init` writes a bootstrap',
  });
}

function appsOf({ apps }: ResolvedMeshConfig, sidecar: string): readonly string[] {
  return [...apps.values()].filter((app) => app.sidecar === sidecar).map(({ name }) => name);
}
