/** What is said of a registry that cannot be read. */
import type { RegistryState } from '../world/registry-event.ts';

/** A sentence without its full stop, with `why` as a clause. Only a registry without a session is away. */
export function registryWarning(name: string, state: RegistryState | undefined, why: string): string {
  return state === 'lost' ? `the registry ${name} is away: ${why}` : `the registry ${name}: ${why}`;
}
