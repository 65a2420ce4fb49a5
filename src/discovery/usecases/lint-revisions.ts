/** Finds instances of which their revision says more than their own URLs do: two sets of services under one hash. */
import { formatAddress } from '../world/read-address.ts';
import { formatServiceKey } from '../world/service-key.ts';
import type { World } from '../world/world.ts';
import type { RegistryFinding } from './registry-finding.ts';

/**
 * An instance that is in both layouts says twice what it offers. Where its revision names a service that others of the
 * application have at interface level and it has not, calls of that service would come to it.
 */
export function sharedRevisions(world: World, app: string): readonly RegistryFinding[] {
  const urls = new Map<string, Set<string>>();
  for (const { node } of world.providersOf(app)) {
    const key = `${node.protocol} ${formatAddress(node.address, node.port)}`;
    urls.set(key, (urls.get(key) ?? new Set<string>()).add(formatServiceKey(node.service)));
  }
  const everybody = new Set([...urls.values()].flatMap((keys) => [...keys]));
  return [...world.instancesOf(app)].flatMap(({ node: { address, ports, revision } }) => {
    const services = world.revisionOf(app, revision)?.services ?? [];
    return ports.flatMap(({ port, protocol }) => {
      const place = formatAddress(address, port);
      const own = urls.get(`${protocol} ${place}`);
      if (own === undefined) return [];
      const said = services.filter((service) => service.protocol === protocol).map(({ key }) => formatServiceKey(key));
      const [first, ...more] = said.filter((key) => everybody.has(key) && !own.has(key)).toSorted();
      if (first === undefined) return [];
      const names = more.length === 0 ? first : `${first} and ${more.length} more`;
      return [
        {
          ...{ code: 'revision-shared', place },
          what: `revision ${revision} of ${app} says that ${place} offers ${names}, and its registration at interface level does not`,
          repair: `see whether instances with other services share the revision ${revision}; start ${place} anew, so that it registers whole`,
        },
      ];
    });
  });
}
