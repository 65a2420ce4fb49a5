/** What a host remembers of its store across restarts and outages: the objects, the hold, what it did. */
import * as z from 'zod/mini';
import type { RecordKind } from '../../platform/record.ts';
import type { StoredItem } from '../ports.ts';

const memorySchema = z.object({
  region: z.string(),
  /** Random, made once: which installation this is. */
  instance: z.optional(z.string()),
  /** Null: the store was never seen. */
  store: z.nullable(
    z.object({
      ...{ clusterId: z.string(), revision: z.string() },
      /** The revision of this host's own record there, as it was written or listed last: it only ever grows. */
      own: z.optional(z.string()),
    }),
  ),
  /** Keys of policies, releases and rollouts, as they were read. */
  items: z.array(
    z.object({
      ...{ key: z.string(), value: z.string(), revision: z.string(), created: z.string() },
      /** Where the value cannot be read: the last one of this key that could. */
      good: z.optional(z.string()),
    }),
  ),
  held: z.nullable(
    z.object({
      since: z.string(),
      why: z.enum(['empty', 'shrunk', 'backwards', 'other-store']),
      revision: z.string(),
      objects: z.object({ before: z.number(), now: z.number() }),
      /** The other store, or the state that is not believed. */
      clusterId: z.string(),
    }),
  ),
  /** Each application's state before a rule with an end spoke, to go back to. */
  before: z.record(z.string(), z.object({ state: z.enum(['on', 'off']), until: z.string() })),
  /** The last release tried on each sidecar. */
  releases: z.record(
    z.string(),
    z.object({
      release: z.string(),
      startedAt: z.string(),
      wave: z.number(),
      outcome: z.nullable(z.string()),
      error: z.nullable(z.string()),
      /** RFC 3339, by the clock of this host: when it was tried. */
      beganAt: z.optional(z.string()),
      /** Of the binary that the release wants. */
      sha256: z.optional(z.string()),
    }),
  ),
});

/** The content of `fleet-host.json` in the state directory. */
export type HostMemory = z.output<typeof memorySchema>;

/** The file's kind. */
export const HOST_MEMORY: RecordKind<HostMemory> = {
  name: 'memory of the host daemon',
  version: 1,
  schema: memorySchema,
};

/** The memory of a host that never saw a store. */
export function emptyMemory(region: string): HostMemory {
  return { region, store: null, items: [], held: null, before: {}, releases: {} };
}

/**
 * A listing as memory keeps it. A value that `canRead` does not take keeps the last one of its key that it did:
 * `before` is the memory so far.
 */
export function rememberItems(
  items: readonly StoredItem[],
  before: HostMemory['items'],
  canRead: (item: Pick<StoredItem, 'key' | 'value'>) => boolean,
): HostMemory['items'] {
  const known = new Map(before.map((item) => [item.key, item]));
  return items.map((item) => {
    const last = known.get(item.key);
    if (last?.value === item.value) return { ...item, ...(last.good !== undefined && { good: last.good }) };
    if (last === undefined || canRead(item)) return { ...item };
    const good = last.good ?? (canRead(last) ? last.value : undefined);
    return { ...item, ...(good !== undefined && { good }) };
  });
}
