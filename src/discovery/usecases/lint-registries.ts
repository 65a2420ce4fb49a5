/** Finds what is wrong with the registrations that the applications of this host consume. */
import type { RegistryReader } from '../ports.ts';
import { consumedBy } from '../registry/wanted.ts';
import { type Endpoint, endpointsOf } from '../world/endpoints.ts';
import { formatAddress } from '../world/read-address.ts';
import type { DiscoveryMesh } from './discovery-mesh.ts';
import { appsIn, readWorld } from './list-endpoints.ts';

/** One finding. `place` names a node of the registry, or an address. */
export interface RegistryFinding {
  readonly code: string;
  readonly place: string;
  readonly what: string;
  readonly repair: string;
}

/** Reads the registries once. An application in one layout only is no finding: `findDifferences` compares layouts. */
export async function lintRegistries(mesh: DiscoveryMesh, reader: RegistryReader): Promise<readonly RegistryFinding[]> {
  const wanted = consumedBy(mesh);
  const world = await readWorld(mesh, wanted, reader);
  const apps = appsIn(world, wanted);
  const { unit } = mesh.discovery;
  const refused = [...world.faults()].map(({ registry, code, place, what }) => ({
    ...{ code, place: `${registry}:${place}`, what: `${what}, so it is left out` },
    repair: 'mend or remove the node; the instance that wrote it writes it again when it registers',
  }));
  const found = [...apps].flatMap((app) => {
    const endpoints = endpointsOf(world, app, unit?.label ?? null);
    if (endpoints.length === 0) return [nobodyRegistered(app)];
    return endpoints.flatMap((endpoint) => findingsOf(endpoint, unit?.label));
  });
  return [...refused, ...found];
}

function nobodyRegistered(app: string): RegistryFinding {
  return {
    ...{ code: 'no-instances', place: app, what: `${app} has no instance in any registry` },
    repair: 'see whether the name under consumes is the one that the application registers',
  };
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
        what: `what ${place} of ${app} offers could not be read, so it gets no calls`,
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
