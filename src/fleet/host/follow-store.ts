/** Follows the store of a region: a list, then its changes; again after every loss, with jittered back-off. */
import { type StoredItem, StoreFailure, type StoreListing } from '../ports.ts';
import type { HostPorts } from './ports.ts';
import type { OwnRevision } from './see-store.ts';

const FIRST_DELAY_MS = 200;
const MAX_DELAY_MS = 5_000;
/** Everything is listed again so often, watched or not, in ms; while the store is held, to see whether it is accepted. */
const [RELIST_MS, HELD_RELIST_MS] = [300_000, 2_000] as const;

/** What is told of the store. */
export interface StoreFollower {
  /** Everything at one revision; first of all, and after each change. `own`: of this host's record, where listed. */
  seen(listing: StoreListing, own?: OwnRevision): void;
  /** The revision of this host's own record that is known; null when none is. */
  ownRevision(): string | null;
  lost(why: string): void;
  /** Whether the store is not believed at present. */
  isHeld(): boolean;
}

/** Follows until the signal aborts; a failure of the store is told and lived with. */
export async function followStore(ports: HostPorts, follower: StoreFollower, signal: AbortSignal): Promise<void> {
  const { clock, store, keys } = ports;
  const folders = [keys.objects('MeshPolicy'), keys.objects('SidecarRelease'), keys.rollouts];
  let delay = FIRST_DELAY_MS;
  while (!signal.aborted) {
    try {
      // This host's own record shows an older state of the store, although its revision has grown past the one known.
      const own = `${keys.hosts}${ports.name}`;
      const known = follower.ownRevision();
      const { items, ...at } = await store.list([
        ...[...folders, keys.objects('Gateway'), keys.accepted],
        ...(store.listsSingleKeys ? [own] : []),
      ]);
      const listing = { ...at, items: items.filter(({ key }) => !key.startsWith(keys.hosts)) };
      const listed = items.find(({ key }) => key === own)?.revision;
      follower.seen(listing, listed === undefined ? undefined : { known, listed });
      delay = FIRST_DELAY_MS;
      const relistMs = follower.isHeld() ? HELD_RELIST_MS : RELIST_MS;
      const relist = new AbortController();
      const timer = clock.sleep(relistMs * (0.8 + 0.4 * ports.random()), relist.signal).then(
        () => relist.abort(),
        () => undefined,
      );
      const seen = (now: StoreListing) => {
        follower.seen(now);
        // A change that is not believed: whether the store is accepted is seen by lists alone.
        if (follower.isHeld() && relistMs !== HELD_RELIST_MS) relist.abort();
      };
      const end = await watchFrom(ports, listing, seen, AbortSignal.any([signal, relist.signal]));
      const isOurs = relist.signal.aborted || signal.aborted;
      relist.abort();
      await timer;
      if (isOurs || end === null) continue;
      follower.lost(end);
    } catch (error) {
      if (!(error instanceof StoreFailure)) throw error;
      if (signal.aborted) return;
      follower.lost(error.message);
    }
    await clock.sleep(delay * (0.5 + ports.random()), signal).catch(() => undefined);
    delay = Math.min(delay * 2, MAX_DELAY_MS);
  }
}

/** Applies changes to the listing as they come. Resolves to why the watch ended; null: list again at once. */
async function watchFrom(
  { store, keys }: HostPorts,
  listing: StoreListing,
  seen: (listing: StoreListing) => void,
  signal: AbortSignal,
): Promise<string | null> {
  const items = new Map<string, StoredItem>(listing.items.map((item) => [item.key, item]));
  const folders = [keys.objects('MeshPolicy'), keys.objects('SidecarRelease'), keys.rollouts];
  const told = (events: Parameters<Parameters<typeof store.watch>[2]>[0], revision: string) => {
    for (const { key, value, revision: changed } of events) {
      if (value === null) items.delete(key);
      else items.set(key, { key, value, revision: changed, created: items.get(key)?.created ?? changed });
    }
    const ordered = [...items.values()].sort((a, b) => (a.key < b.key ? -1 : 1));
    seen({ ...listing, items: ordered, revision });
  };
  const end = await store.watch(folders, listing.revision, told, signal);
  return end.kind === 'compacted' ? null : end.why;
}
