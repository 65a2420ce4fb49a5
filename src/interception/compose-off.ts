/** Composition of what `weir off` needs: the same host, without the sidecars, whose code takes long to load. */
import { requireNetns } from '../platform/enter-netns.ts';
import { createInterceptHost, type InterceptHostOptions } from './adapters/intercept-host.ts';
import type { InterceptHost } from './host.ts';

/**
 * A host for use cases that ask no sidecar.
 * @throws WeirError when this process is not in the namespace that `netns` names
 */
export function openSwitchHost(options: Omit<InterceptHostOptions, 'sidecars' | 'surroundings'>): InterceptHost {
  if (options.netns !== '') requireNetns(options.netns);
  const notAsked = (): never => {
    throw new TypeError('`off` asks neither sidecars nor surroundings');
  };
  const surroundings = {
    ...{ foreignRules: notAsked, processes: notAsked, accountsOf: notAsked, routing: notAsked },
    ...{ foreignUserNamespace: notAsked, openNeighbour: notAsked, limits: notAsked },
  };
  return createInterceptHost({ ...options, sidecars: { isSupervised: notAsked, status: notAsked }, surroundings });
}
