/** The endpoints of applications and interfaces, as the registries hold them now. */
import type { RegistryReader } from '../ports.ts';
import { consumedBy, type Wanted } from '../registry/wanted.ts';
import { allLabels, type Endpoint, endpointsOf } from '../world/endpoints.ts';
import type { Layout } from '../world/registry-node.ts';
import { parseServiceKey } from '../world/service-key.ts';
import { World } from '../world/world.ts';
import type { DiscoveryMesh } from './discovery-mesh.ts';

/** Which endpoints are asked for. */
export interface EndpointQuery {
  /** An application or an interface; null for all that mesh.yaml's applications consume. */
  readonly name: string | null;
  /** Only endpoints that are registered in this layout; `both` for all. */
  readonly layout: Layout | 'both';
}

/** One endpoint as JSON shows it; `services` are left out. */
export interface ListedEndpoint {
  readonly app: string;
  readonly address: string;
  readonly port: number;
  readonly protocol: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly unit: string | null;
  readonly weight: number;
  readonly layouts: readonly Layout[];
  readonly registries: readonly string[];
  readonly straight: string | null;
  /** Services that are registered as disabled, by their keys: they get no calls. */
  readonly disabled: readonly string[];
}

/** What the registries hold of what is wanted. Throws WeirError exit 3 when one of them cannot be read. */
export async function readWorld(mesh: DiscoveryMesh, wanted: Wanted, reader: RegistryReader): Promise<World> {
  const world = new World(mesh.registries.map(({ name }) => name));
  for (const registry of mesh.registries) await reader.readRegistry(registry, wanted, (event) => world.apply(event));
  return world;
}

/** Reads the registries once and lists the endpoints. Unknown names give an empty list. */
export async function listEndpoints(
  mesh: DiscoveryMesh,
  query: EndpointQuery,
  reader: RegistryReader,
): Promise<readonly ListedEndpoint[]> {
  const wanted = wantedBy(mesh, query);
  return endpointsIn(await readWorld(mesh, wanted, reader), mesh, query, wanted);
}

/** The endpoints of a world that a query asks for. */
export function endpointsIn(
  world: World,
  mesh: DiscoveryMesh,
  { name, layout }: EndpointQuery,
  wanted: Wanted,
): readonly ListedEndpoint[] {
  const unitLabel = mesh.discovery.unit?.label ?? null;
  const all = [...appsIn(world, wanted)].flatMap((app) => endpointsOf(world, app, unitLabel));
  return all
    .filter((endpoint) => name === null || endpoint.app === name || offers(endpoint, name))
    .filter(({ layouts }) => layout === 'both' || layouts.includes(layout))
    .map((endpoint) => {
      const { services: _, timestamp: __, disabled, ...listed } = endpoint;
      return { ...listed, labels: allLabels(endpoint), disabled: [...(disabled ?? [])].toSorted() };
    });
}

/** The applications of a world that are wanted, by name, by interface, or all. */
export function appsIn(world: World, { apps, interfaces, everything }: Wanted): ReadonlySet<string> {
  const found = new Set(apps);
  for (const one of interfaces) for (const app of world.appsOf(one)) found.add(app);
  return everything === true ? found.union(world.apps) : found;
}

/** What has to be read for a query. */
export function wantedBy(mesh: DiscoveryMesh, { name }: EndpointQuery): Wanted {
  if (name === null) return consumedBy(mesh);
  return { apps: new Set([name]), interfaces: new Set([parseServiceKey(name).interface]) };
}

/** Whether an endpoint offers an interface in any group and version. */
function offers({ services, disabled }: Endpoint, name: string): boolean {
  return [...(services ?? []), ...(disabled ?? [])].some(
    (key) => key === name || parseServiceKey(key).interface === name,
  );
}
