/** The entry of mesh.yaml for one sidecar, as its supervisor needs it. */
import { WeirError } from '../../errors/weir-error.ts';
import type { AccountId, ResolvedMeshConfig, SidecarConfig } from '../../mesh/mesh-config.ts';
import type { SidecarSpec } from '../ports.ts';
import type { SidecarMesh } from './ports.ts';

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
export async function readSidecarSpec(mesh: SidecarMesh, name: string): Promise<SidecarSpec> {
  const spec = await sidecarSpec(requireSidecar(await mesh.load(), name), mesh.primaryGroup);
  if (spec !== null) return spec;
  throw new WeirError('WEIR4012', {
    what: `the sidecar ${name} is not run by weir`,
    why: `its entry in ${mesh.file} has no \`binary\` and \`bootstrap\``,
    hint: 'add both to run it with `weir sidecar run`; `weir sidecar init` writes a bootstrap',
  });
}

/** A sidecar's entry of mesh.yaml as its supervisor needs it; null when another program runs it. */
export async function sidecarSpec(
  sidecar: SidecarConfig<AccountId>,
  primaryGroup: SidecarMesh['primaryGroup'],
): Promise<SidecarSpec | null> {
  const { name, process: run, admin, readyPath } = sidecar;
  if (run === undefined) return null;
  const uid = sidecar.user?.id ?? null;
  const gid = sidecar.group?.id ?? (uid === null ? null : ((await primaryGroup(uid)) ?? uid));
  const { args = [], env = {}, capabilities = [], notify = null, sha256 = null, ...more } = run;
  const { check = null, bakeMs = 0, bakeBytes = null, drainSpreadMs: spreadMs = 0, ...plain } = more;
  const ports = [sidecar.outbound, sidecar.inbound].filter((port) => port !== undefined);
  const gate = { bakeBytes, spreadMs };
  return {
    name,
    uid,
    gid,
    admin,
    readyPath,
    ports,
    ...plain,
    args,
    env,
    capabilities,
    notify,
    sha256,
    check,
    bakeMs,
    ...gate,
  };
}
