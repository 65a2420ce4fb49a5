/** Whether a store may be believed: one that is another, older or much emptier than before is held until confirmed. */

/** What a host knows of a store. */
export interface StoreView {
  readonly clusterId: string;
  /** A decimal number; etcd counts in 64 bits. */
  readonly revision: string;
  /** How many objects people wrote into it. */
  readonly objects: number;
  /** Whether a key stands at an older revision than the one known: the store was set back and has written on since. */
  readonly isOlder?: boolean;
}

/** Why a store is held. */
export interface Hold {
  /** RFC 3339. */
  readonly since: string;
  readonly why: 'empty' | 'shrunk' | 'backwards' | 'other-store';
  /** The revision of the store when the hold began. */
  readonly revision: string;
  readonly objects: { readonly before: number; readonly now: number };
}

/** A store that loses more than this share of its objects in one step is held. */
const SHRINK_SHARE = 0.2;

/**
 * The hold of a store that is seen after `before`; null when it may be believed. Without a `before` everything may be:
 * there is nothing that it could undo.
 */
export function holdOf(before: StoreView | null, now: StoreView, at: string): Hold | null {
  if (before === null) return null;
  const why = reasonToHold(before, now);
  return why === null
    ? null
    : { since: at, why, revision: now.revision, objects: { before: before.objects, now: now.objects } };
}

function reasonToHold(before: StoreView, now: StoreView): Hold['why'] | null {
  if (now.objects === 0 && before.objects > 0) return now.clusterId === before.clusterId ? 'empty' : 'other-store';
  if (now.clusterId !== before.clusterId) return 'other-store';
  if (BigInt(now.revision) < BigInt(before.revision) || now.isOlder === true) return 'backwards';
  if (before.objects - now.objects > before.objects * SHRINK_SHARE) return 'shrunk';
  return null;
}
