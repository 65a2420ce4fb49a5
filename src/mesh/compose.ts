/** Composition of mesh: the use cases of mesh.yaml with the file and the accounts of this host. */
import { BUILD_ID } from '../platform/build-id.ts';
import { lookupAccounts } from './adapters/accounts.ts';
import { readConfigText } from './adapters/config-file.ts';
import { parseOnce } from './adapters/parsed-mesh-file.ts';
import { type LookupAccounts, loadMesh, type ParseMesh, readMesh } from './load-mesh.ts';
import type { MeshConfig, ResolvedMeshConfig } from './mesh-config.ts';

/** Loaded late: a file that was parsed before needs neither the parser nor the schemas. */
const parse: ParseMesh = async (source, file) => (await import('./parse-mesh.ts')).parseMeshConfig(source, file);

/** mesh.yaml with its users and groups resolved on this host. Throws WEIR1020 to WEIR1023, exit 2. */
export function loadMeshConfig(file: string, lookup: LookupAccounts = lookupAccounts): Promise<ResolvedMeshConfig> {
  return loadMesh(file, { readText: readConfigText, parse, lookup });
}

/** The same, parsed once for all commands of this state directory until a byte of the file or weir itself changes. */
export function loadMeshConfigOnce(
  file: string,
  { stateDir, build = BUILD_ID }: { readonly stateDir: string; readonly build?: string | null },
): Promise<ResolvedMeshConfig> {
  const once = build === null ? parse : parseOnce(stateDir, build, parse);
  return loadMesh(file, { readText: readConfigText, parse: once, lookup: lookupAccounts });
}

/** mesh.yaml alone, for a file that is meant for another host. Throws WEIR1020 to WEIR1023, exit 2. */
export function readMeshConfig(file: string): Promise<MeshConfig> {
  return readMesh(file, { readText: readConfigText, parse });
}
