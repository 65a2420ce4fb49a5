import type { AccountId, ResolvedMeshConfig, SidecarConfig } from '../../config/mesh-config.ts';
import { WeirError } from '../../errors/weir-error.ts';
import type { SidecarSpec } from '../../usecases/ports/sidecar.ts';
import { loadMeshConfig } from '../config-file.ts';
import { primaryGroup } from './run-as.ts';

/** Throws WEIR4011 (exit 2) when mesh.yaml has no sidecar of that name. */
export function requireSidecar(mesh: ResolvedMeshConfig, name: string): SidecarConfig<AccountId> {
  const sidecar = mesh.sidecars.get(name);
  if (sidecar !== undefined) return sidecar;
  const known = [...mesh.sidecars.keys()];
  throw new WeirError('WEIR4011', {
    what: `${mesh.file} has no sidecar ${JSON.stringify(name)}`,
    why: known.length === 0 ? 'it has no sidecar at all' : `it has ${known.join(', ')}`,
    hint: 'name one of them, or add the sidecar to mesh.yaml',
  });
}

/** Reads mesh.yaml and gives what it says of one sidecar that weir runs. Throws WEIR4011, WEIR4012 or an error of the file. */
export async function readSidecarSpec(config: string, name: string): Promise<SidecarSpec> {
  const spec = await sidecarSpec(requireSidecar(await loadMeshConfig(config), name));
  if (spec !== null) return spec;
  throw new WeirError('WEIR4012', {
    what: `the sidecar ${name} is not run by weir`,
    why: `its entry in ${config} has no \`binary\` and \`bootstrap\``,
    hint: 'add both to run it with `weir sidecar run`; `weir sidecar init` writes a bootstrap',
  });
}

/** What mesh.yaml says of one sidecar, as its supervisor needs it; null when somebody else runs it. */
export async function sidecarSpec(sidecar: SidecarConfig<AccountId>): Promise<SidecarSpec | null> {
  const { name, process: run, admin, readyPath } = sidecar;
  if (run === undefined) return null;
  const uid = sidecar.user?.id ?? null;
  const gid = sidecar.group?.id ?? (uid === null ? null : ((await primaryGroup(uid)) ?? uid));
  const { binary, bootstrap, concurrency, drainMs, notify } = run;
  return { name, uid, gid, admin, readyPath, binary, bootstrap, concurrency, drainMs, notify: notify ?? null };
}
