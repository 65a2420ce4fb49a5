/** The endpoints of a query, again at every change. */
import { interruptedBy } from '../../errors/interrupted-by.ts';
import { WeirError } from '../../errors/weir-error.ts';
import type { Clock } from '../../platform/clock.ts';
import type { RegistryReader } from '../ports.ts';
import { registryWarning } from '../registry/registry-warning.ts';
import { World } from '../world/world.ts';
import type { DiscoveryMesh } from './discovery-mesh.ts';
import { type EndpointQuery, endpointsIn, type ListedEndpoint, wantedBy } from './list-endpoints.ts';

/** How long it has to be quiet before a change is told, and how long one may wait at most, in milliseconds. */
const QUIET_MS = 100;
const LATEST_MS = 1_000;
/** How long the first listing of all registries may take. */
const FIRST_MS = 10_000;

/** What following needs. */
export interface FollowPorts {
  readonly reader: RegistryReader;
  readonly clock: Clock;
  readonly signal: AbortSignal;
  /** Told the first list, then one for each change. */
  readonly show: (endpoints: readonly ListedEndpoint[]) => void;
  /** Told of a registry that is away, once each time, as a sentence. */
  readonly warn: (text: string) => void;
}

/**
 * Follows the registries until the signal aborts. A registry that goes away changes nothing of what is known.
 * Throws WEIR6002 (exit 3) when not all registries were listed in time at the start.
 */
export async function followEndpoints(mesh: DiscoveryMesh, query: EndpointQuery, ports: FollowPorts): Promise<void> {
  const { reader, clock, signal, show, warn } = ports;
  const wanted = wantedBy(mesh, query);
  const world = new World(mesh.registries.map(({ name }) => name));
  const ended = new AbortController();
  const both = AbortSignal.any([signal, ended.signal]);
  const reasons = new Map<string, string>();
  let changes = 0;
  let wake = Promise.withResolvers<void>();
  both.addEventListener('abort', () => wake.resolve(), { once: true });
  const followed = mesh.registries.map((registry) =>
    reader.followRegistry(
      registry,
      wanted,
      {
        emit(event) {
          const changed = world.apply(event);
          if (event.kind === 'state' && event.state === 'synced') reasons.delete(registry.name);
          if (changed.size === 0 && event.kind !== 'state') return;
          changes += 1;
          wake.resolve();
        },
        warn(why) {
          if (reasons.has(registry.name)) return;
          reasons.set(registry.name, why);
          const text = registryWarning(registry.name, world.states().get(registry.name), why);
          warn(`${text}; what it last said still counts`);
        },
      },
      both,
    ),
  );
  const failed = Promise.all(followed).then(() => undefined);
  try {
    await Promise.race([failed, untilSynced(world, reasons, clock, both)]);
    const late = unread(world);
    if (signal.aborted && late.length > 0)
      throw interruptedBy(signal, `the registry ${late.join(', ')} had not been read yet`);
    let shown = '';
    while (!both.aborted) {
      const endpoints = endpointsIn(world, mesh, query, wanted);
      const text = JSON.stringify(endpoints);
      if (text !== shown) show(endpoints);
      shown = text;
      await Promise.race([failed, wake.promise]);
      wake = Promise.withResolvers();
      // A burst is one change: told when it has been quiet for a while, and at the latest after some time.
      const latest = clock.monotonic() + LATEST_MS;
      for (let before = -1; before !== changes && clock.monotonic() < latest && !both.aborted; ) {
        before = changes;
        await clock.sleep(QUIET_MS, both).catch(() => undefined);
      }
    }
  } finally {
    ended.abort();
    await failed;
  }
}

/** The registries that have not been listed. */
function unread(world: World): string[] {
  return [...world.states()].filter(([, state]) => state !== 'synced').map(([name]) => name);
}

async function untilSynced(
  world: World,
  reasons: ReadonlyMap<string, string>,
  clock: Clock,
  signal: AbortSignal,
): Promise<void> {
  const deadline = clock.monotonic() + FIRST_MS;
  while (!signal.aborted) {
    const late = unread(world);
    if (late.length === 0) return;
    if (clock.monotonic() > deadline) {
      throw new WeirError('WEIR6002', {
        what: `the registry ${late.join(', ')} could not be read`,
        why: late.map((name) => reasons.get(name)).find(Boolean) ?? 'it did not answer in time',
        hint: 'see whether its servers answer from this host; nothing is concluded about its instances',
      });
    }
    await clock.sleep(QUIET_MS / 2, signal).catch(() => undefined);
  }
}
