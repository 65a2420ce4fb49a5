/** Finds what is wrong with the registrations that the applications of this host consume. */
import type { RegistryReader } from '../ports.ts';
import { consumedBy } from '../registry/wanted.ts';
import { type Endpoint, endpointsOf } from '../world/endpoints.ts';
import { formatAddress } from '../world/read-address.ts';
import type { World } from '../world/world.ts';
import type { DiscoveryMesh } from './discovery-mesh.ts';
import { sharedRevisions } from './lint-revisions.ts';
import { appsIn, readWorld } from './list-endpoints.ts';
import type { RegistryFinding } from './registry-finding.ts';

/** What helps against a fault that is not of what stands in a node. */
const REPAIRS: ReadonlyMap<string, string> = new Map([
  ['no-access', 'let the user of weir read it (auth in mesh.yaml), or leave it to whom it belongs'],
]);

/** Reads the registries once. An application in one layout only is no finding: `findDifferences` compares layouts. */
export async function lintRegistries(mesh: DiscoveryMesh, reader: RegistryReader): Promise<readonly RegistryFinding[]> {
  const wanted = consumedBy(mesh);
  const world = await readWorld(mesh, wanted, reader);
  const apps = appsIn(world, wanted);
  const { unit } = mesh.discovery;
  const refused = [...world.faults()].map(({ registry, code, place, what }) => ({
    ...{ code, place: `${registry}:${place}`, what: `${what}, so it is left out` },
    repair:
      REPAIRS.get(code) ?? 'mend or remove the node; the instance that wrote it writes it again when it registers',
  }));
  const found = [...apps].flatMap((app) => {
    const endpoints = endpointsOf(world, app, unit?.label ?? null);
    if (endpoints.length === 0) return [nobodyRegistered(app, wanted.apps.has(app))];
    return [
      ...registeredTwice(world, app),
      ...endpoints.flatMap((endpoint) => findingsOf(endpoint, unit?.label)),
      ...nobodyCalled(app, endpoints),
      ...sharedRevisions(world, app),
    ];
  });
  return [...refused, ...found];
}

function nobodyRegistered(app: string, isNamed: boolean): RegistryFinding {
  const [by, repair] = isNamed
    ? ['', 'see whether the name under consumes is the one that the application registers']
    : [', although a mapping names it', 'take it out of the mapping if it is gone for good'];
  return { code: 'no-instances', place: app, what: `${app} has no instance in any registry${by}`, repair };
}

/** One address under several names: one of its nodes is left over, or of somebody else, and what it offers is merged. */
function registeredTwice(world: World, app: string): RegistryFinding[] {
  const nodes = [...world.instancesOf(app)].flatMap(({ registry, node: { address, ports } }) =>
    ports.map(({ port, protocol }) => ({ place: formatAddress(address, port), key: `${registry} ${protocol}` })),
  );
  return [...Map.groupBy(nodes, ({ place, key }) => `${key} ${place}`).values()].flatMap((same) => {
    const [first] = same;
    if (first === undefined || same.length === 1) return [];
    const { place } = first;
    return [
      {
        ...{ code: 'registered-twice', place, what: `${same.length} nodes of ${app} are for ${place}, taken as one` },
        repair: 'see which process listens there, and remove the nodes of others',
      },
    ];
  });
}

/**
 * Services whose providers are all disabled or without weight. Dubbo calls one of them all the same: without a weight above 0
 * each is as good, and a consumer that is told of disabled providers only keeps its former list. So weir leaves such calls alone.
 */
function nobodyCalled(app: string, endpoints: readonly Endpoint[]): RegistryFinding[] {
  const all = new Set(endpoints.flatMap(({ services, disabled }) => [...(services ?? []), ...(disabled ?? [])]));
  for (const { services, weight } of endpoints) if (weight > 0) for (const key of services ?? []) all.delete(key);
  const [first, ...more] = [...all].toSorted();
  if (first === undefined) return [];
  const names = more.length === 0 ? first : `${first} and ${more.length} more`;
  return [
    {
      ...{ code: 'nobody-called', place: app },
      what: `all providers of ${names} of ${app} are disabled or have weight 0, so calls keep the address that their consumer picked`,
      repair: `register one with a weight above 0; \`weir discovery endpoints ${app}\` shows them`,
    },
  ];
}

function findingsOf(endpoint: Endpoint, unitLabel: string | undefined): RegistryFinding[] {
  const { app, straight, services, unit } = endpoint;
  const place = formatAddress(endpoint.address, endpoint.port);
  const findings: RegistryFinding[] = [];
  if (straight !== null) {
    findings.push({
      ...{ code: 'straight', place, what: `calls to ${place} of ${app} pass Envoy unread, for ${straight}` },
      repair: straight.startsWith('serialization')
        ? `set prefer-serialization=hessian2 on ${app}, or serialization=hessian2 for its consumers`
        : `rules and balancing do not reach ${app} before that is changed`,
    });
  }
  if (services === null) {
    findings.push({
      ...{
        code: 'services-unknown',
        place,
        what: `what ${place} of ${app} offers could not be read, so no calls are balanced to it`,
      },
      repair: `set dubbo.application.metadata-type=remote on ${app}, or see its MetadataService`,
    });
  }
  if (unitLabel !== undefined && unit === null) {
    findings.push({
      ...{ code: 'no-unit', place, what: `${place} of ${app} has no label ${unitLabel}` },
      repair: `start it with -Ddubbo.labels=${unitLabel}=UNIT`,
    });
  }
  return findings;
}
