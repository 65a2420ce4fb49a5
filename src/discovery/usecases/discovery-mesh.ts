/** The part of mesh.yaml that discovery needs, with everything there. */
import { WeirError } from '../../errors/weir-error.ts';
import type { DiscoveryConfig, RegistryConfig } from '../../mesh/discovery-config.ts';
import type { MeshConfig } from '../../mesh/mesh-config.ts';

/** Registries in the order in which they are asked, and who consumes what. */
export interface DiscoveryMesh extends Pick<MeshConfig, 'apps' | 'sidecars'> {
  readonly discovery: DiscoveryConfig;
  readonly registries: readonly RegistryConfig[];
}

/** Throws WEIR6001 (exit 2) for a mesh.yaml without discovery. */
export function requireDiscovery({ file, apps, sidecars, registries, discovery }: MeshConfig): DiscoveryMesh {
  if (discovery === undefined) {
    throw new WeirError('WEIR6001', {
      what: `${file} has no discovery`,
      why: 'the key discovery names the registries to ask, and it is missing',
      hint: 'add registries and discovery; `weir help mesh-yaml` explains them',
    });
  }
  const named = discovery.registries.flatMap((name) => registries?.get(name) ?? []);
  return { apps, sidecars, discovery, registries: named };
}
