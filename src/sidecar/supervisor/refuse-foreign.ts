/** The last look before a start: whether the places are free where the sidecar would listen. */
import { WeirError } from '../../errors/weir-error.ts';
import type { SidecarHost } from '../ports.ts';

/** Throws WEIR4014 when another process listens where the sidecar would: both would get connections. */
export async function refuseForeign(host: SidecarHost, name: string, pairId: string): Promise<void> {
  const pair = await host.pairs.read(pairId);
  const foreign = pair === null ? [] : await host.foreignListeners(pair);
  if (foreign.length === 0) return;
  throw new WeirError('WEIR4014', {
    what: `${name} cannot be started`,
    why: `another process listens already, and new connections would go to either: ${foreign.join(', ')}`,
    hint: 'end that process first; an Envoy that serves is taken over by no hot restart but its own',
  });
}
