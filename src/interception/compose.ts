/** Composition of interception: its ports by the adapters of this host, and the sidecars by the part that runs them. */
import { managedSidecars } from '../sidecar/compose-managed.ts';
import { createInterceptHost, type InterceptHostOptions } from './adapters/intercept-host.ts';
import { createSurroundings } from './adapters/surroundings/surroundings.ts';
import type { InterceptHost } from './host.ts';

/** The host that the use cases of interception work on. */
export function openInterceptHost(options: Omit<InterceptHostOptions, 'sidecars' | 'surroundings'>): InterceptHost {
  return createInterceptHost({ ...options, sidecars: managedSidecars(options), surroundings: createSurroundings() });
}
