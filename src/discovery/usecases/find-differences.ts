/** Compares the two layouts of an application, before a consumer is forced to one of them. */
import type { RegistryReader } from '../ports.ts';
import { type Endpoint, endpointsOf } from '../world/endpoints.ts';
import { formatAddress } from '../world/read-address.ts';
import type { DiscoveryMesh } from './discovery-mesh.ts';
import { readWorld } from './list-endpoints.ts';

/** Something that one layout says and the other one does not. */
export interface LayoutDifference {
  readonly code: 'only-application' | 'only-interface' | 'services-unknown';
  /** The address that it concerns. */
  readonly place: string;
  readonly what: string;
  readonly repair: string;
}

/** Reads the registries once and compares. An application that is in one layout only differs at every address. */
export async function findDifferences(
  mesh: DiscoveryMesh,
  app: string,
  reader: RegistryReader,
): Promise<readonly LayoutDifference[]> {
  const world = await readWorld(mesh, { apps: new Set([app]), interfaces: new Set() }, reader);
  return endpointsOf(world, app, null).flatMap(differencesOf);
}

function differencesOf({ app, address, port, layouts, services }: Endpoint): LayoutDifference[] {
  const place = formatAddress(address, port);
  if (services === null) {
    return [
      {
        ...{ code: 'services-unknown', place, what: `what ${place} of ${app} offers could not be read` },
        repair: `see the metadata of its revision; set dubbo.application.metadata-type=remote on ${app}`,
      },
    ];
  }
  if (layouts.length === 2) return [];
  const isApplication = layouts[0] === 'application';
  return [
    {
      code: isApplication ? 'only-application' : 'only-interface',
      place,
      what: `${place} of ${app} is registered at ${layouts[0]} level only`,
      repair: isApplication
        ? `a consumer that reads the interface level does not find it: set dubbo.application.register-mode=all on ${app}`
        : `a consumer that reads the application level does not find it: set dubbo.application.register-mode=all on ${app} (Dubbo 3)`,
    },
  ];
}
