/** A revision that is described a second time with other services: its hash does not stand for one set of them. */
import type { RegistryEvent } from './registry-event.ts';
import type { RevisionMetadata } from './registry-node.ts';
import { formatServiceKey } from './service-key.ts';
import type { World } from './world.ts';

/** What is to be said of it, a sentence; null for anything else. Asked before the world takes the event. */
export function describedTwice(world: World, event: RegistryEvent): string | null {
  if (event.kind !== 'metadata' || event.read === null || !('node' in event.read)) return null;
  const { app, revision } = event;
  const before = world.revisionOf(app, revision);
  if (before === null) return null;
  const [former, now] = [keysOf(before), keysOf(event.read.node)];
  const differing = [...former.symmetricDifference(now)].toSorted();
  const [first, ...more] = differing;
  if (first === undefined) return null;
  const names = more.length === 0 ? first : `${first} and ${more.length} more`;
  return `the revision ${revision} of ${app} is described a second time with other services (${names}): all its instances count as offering what was said last; weir discovery lint shows who does not`;
}

function keysOf({ services }: RevisionMetadata): ReadonlySet<string> {
  return new Set(services.map(({ key, protocol }) => `${formatServiceKey(key)} over ${protocol}`));
}
