/** How many connections an Envoy has, for reports that have more to say than that. */
import { nullIfForbidden } from '../platform/null-if-missing.ts';
import type { SidecarHost, SidecarSpec } from './ports.ts';

/** Null: this process may not look at the sockets of that Envoy. Rejects with every other error. */
export async function connectionsSeen(
  host: Pick<SidecarHost, 'activeConnections'>,
  spec: SidecarSpec,
  id: number,
): Promise<number | null> {
  return host.activeConnections(spec, id).catch(nullIfForbidden);
}
