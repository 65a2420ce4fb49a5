/** Decides which endpoints of an application are believed: pure, from what was admitted before and what is listed now. */

/** When a list counts as shrunken. */
export interface GuardPolicy {
  /** More than this share of the largest set within `holdMs` gone is held, in percent. */
  readonly shrinkPercent: number;
  readonly holdMs: number;
}

/** Why a list is held. `registry-empty`: every application of the registries went at once. */
export type HeldReason = 'empty' | 'shrink' | 'registry-empty';

/** A list that is not believed yet. */
export interface Hold {
  /** On the monotonic clock. */
  readonly sinceMs: number;
  readonly reason: HeldReason;
  /** How many there were in the largest set within the hold time before. */
  readonly largest: number;
}

/** What is admitted of one application. */
export interface Admission<Item> {
  /** By address: what is listed, and with a hold what would go. */
  readonly published: ReadonlyMap<string, Item>;
  /** The sizes of listed sets from a time on, oldest first; only as many as the hold time needs. */
  readonly sizes: readonly { readonly fromMs: number; readonly size: number }[];
  readonly hold: Hold | null;
}

/** An application of which nothing is known yet. */
export function nothingAdmitted<Item>(): Admission<Item> {
  return { published: new Map(), sizes: [], hold: null };
}

/** What was published before this agent began counts as a set that was there until now. */
export function admissionOf<Item>(published: ReadonlyMap<string, Item>, nowMs: number): Admission<Item> {
  return { published, sizes: [{ fromMs: nowMs, size: published.size }], hold: null };
}

/** Takes what joined or changed at once. Nothing leaves: a burst of removals is judged as one change, by `admit`. */
export function takeJoins<Item>(
  before: Admission<Item>,
  listed: ReadonlyMap<string, Item>,
  nowMs: number,
): Admission<Item> {
  const { sizes, hold } = before;
  const isLarger = hold === null && listed.size > (sizes.at(-1)?.size ?? 0);
  return {
    ...{ hold, published: union(listed, before.published) },
    sizes: isLarger ? [...sizes, { fromMs: nowMs, size: listed.size }] : sizes,
  };
}

/**
 * Admits a listed set as a whole. It is held when it is empty or when more than the policy's share of the largest set
 * within the hold time is missing; what would go stays published then. A held set that is large enough again is admitted
 * at once.
 */
export function admit<Item>(
  before: Admission<Item>,
  listed: ReadonlyMap<string, Item>,
  nowMs: number,
  policy: GuardPolicy,
  isRegistryEmpty = false,
): Admission<Item> {
  const sizes = within(before.sizes, nowMs, policy.holdMs);
  const largest = before.hold?.largest ?? Math.max(0, ...sizes.map(({ size }) => size));
  if (!isShort(listed.size, largest, policy)) return settle(listed, sizes, nowMs);
  const reason: HeldReason = listed.size > 0 ? 'shrink' : isRegistryEmpty ? 'registry-empty' : 'empty';
  const hold = before.hold ?? { sinceMs: nowMs, reason, largest };
  return { published: union(listed, before.published), sizes: before.sizes, hold };
}

/** Believes a listed set, however short it is: after a second look, or because an operator confirmed it. */
export function believe<Item>(listed: ReadonlyMap<string, Item>, nowMs: number): Admission<Item> {
  return admissionOf(listed, nowMs);
}

/** Whether so many of so many are too few to be believed at once. */
export function isShort(size: number, largest: number, { shrinkPercent }: GuardPolicy): boolean {
  return (size === 0 && largest > 0) || (largest - size) * 100 > shrinkPercent * largest;
}

/** How many addresses leave when a listed set is believed. */
export function wouldRemove<Item>({ published }: Admission<Item>, listed: ReadonlyMap<string, Item>): number {
  let count = 0;
  for (const address of published.keys()) if (!listed.has(address)) count += 1;
  return count;
}

function settle<Item>(
  listed: ReadonlyMap<string, Item>,
  sizes: Admission<Item>['sizes'],
  nowMs: number,
): Admission<Item> {
  const isKnown = sizes.at(-1)?.size === listed.size;
  return { published: listed, sizes: isKnown ? sizes : [...sizes, { fromMs: nowMs, size: listed.size }], hold: null };
}

/** The sizes that were in effect at some time within the hold: each one is, until the next one begins. */
function within(sizes: Admission<unknown>['sizes'], nowMs: number, holdMs: number): Admission<unknown>['sizes'] {
  const first = sizes.findIndex((_, index) => (sizes[index + 1]?.fromMs ?? nowMs) >= nowMs - holdMs);
  return first <= 0 ? sizes : sizes.slice(first);
}

function union<Item>(listed: ReadonlyMap<string, Item>, kept: ReadonlyMap<string, Item>): ReadonlyMap<string, Item> {
  let all: Map<string, Item> | null = null;
  for (const [address, item] of kept) {
    if (listed.has(address)) continue;
    all ??= new Map(listed);
    all.set(address, item);
  }
  return all ?? listed;
}
