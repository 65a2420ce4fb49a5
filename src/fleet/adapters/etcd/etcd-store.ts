/** The store of a region in etcd. */
import { randomBytes } from 'node:crypto';
import {
  type FleetStore,
  type StoreChange,
  type StoredItem,
  type StoreEvent,
  StoreFailure,
  type StoreGuard,
  type StoreListing,
  type WatchEnd,
  type WriteOutcome,
} from '../../ports.ts';
import { EtcdClient, type EtcdConfig } from './etcd-client.ts';

/** Keys of one page of a list. */
const PAGE = 1_000;
/** etcd refuses larger transactions (`--max-txn-ops`), an operation a change. */
const MAX_CHANGES = 128;
const TXN = '/v3/kv/txn';

interface Header {
  readonly cluster_id: string;
  readonly revision: string;
}

interface KeyValue {
  readonly key: string;
  readonly value?: string;
  readonly mod_revision?: string;
  readonly create_revision?: string;
}

interface RangeAnswer {
  readonly header?: Header;
  readonly kvs?: readonly KeyValue[];
  readonly more?: boolean;
}

interface TxnAnswer {
  readonly header?: Header;
  readonly succeeded?: boolean;
  readonly responses?: readonly { readonly response_range?: RangeAnswer }[];
}

interface WatchLine {
  readonly error?: { readonly message?: string };
  readonly result?: {
    readonly header?: Header;
    readonly created?: boolean;
    readonly canceled?: boolean;
    readonly compact_revision?: string;
    readonly cancel_reason?: string;
    readonly events?: readonly { readonly type?: 'PUT' | 'DELETE'; readonly kv: KeyValue }[];
  };
}

/** Opens the store; nothing is asked yet. */
export function etcdStore(config: EtcdConfig): FleetStore {
  const client = new EtcdClient(config);
  return {
    place: client.place,
    listsSingleKeys: true,
    list: (prefixes) => listAll(client, prefixes),
    async find(key) {
      const { kvs = [] } = await client.read<RangeAnswer>('/v3/kv/range', { key: encode(key) });
      return kvs[0] === undefined ? null : itemOf(kvs[0]);
    },
    async madeWith(_key, revision, prefix) {
      const made = { min_create_revision: revision, max_create_revision: revision };
      const range = { key: encode(prefix), range_end: encode(endOf(prefix)), ...made };
      const { kvs = [] } = await client.read<RangeAnswer>('/v3/kv/range', range);
      return kvs.map(itemOf);
    },
    write: (guards, changes) => writeAll(client, guards, changes),
    watch: (prefixes, revision, onEvents, signal) => watchAll(client, prefixes, revision, onEvents, signal),
    async grant(ttlMs) {
      // An id of our own: a grant that is sent twice makes one lease.
      const ID = String((randomBytes(8).readBigUInt64BE() >> 1n) | 1n);
      const granted = client.changeAgain('/v3/lease/grant', { TTL: Math.ceil(ttlMs / 1000), ID });
      await granted.catch(unless(/lease already exists/));
      return ID;
    },
    async keepAlive(lease) {
      const { result } = await client.read<{ result?: { TTL?: string } }>('/v3/lease/keepalive', { ID: lease });
      // A lease that has ended has no TTL; without a result nothing was said of it.
      if (result === undefined)
        throw new StoreFailure(`${client.place} answered without a word about the lease`, 'unknown');
      return Number(result.TTL ?? 0) > 0;
    },
    async revoke(lease) {
      await client.changeAgain('/v3/lease/revoke', { ID: lease }).catch(unless(/requested lease not found/));
    },
  };
}

/** The first pages of all prefixes in one transaction, the rest at the revision of that. */
async function listAll(client: EtcdClient, prefixes: readonly string[]): Promise<StoreListing> {
  const page = (key: string, end: string, revision?: string) => ({
    key: encode(key),
    range_end: encode(end),
    limit: PAGE,
    ...(revision === undefined ? {} : { revision }),
  });
  const first = await client.read<TxnAnswer>(TXN, {
    success: prefixes.map((prefix) => ({ request_range: page(prefix, endOf(prefix)) })),
  });
  const { header } = first;
  if (header === undefined) throw new StoreFailure(`${client.place} answered without a revision`, 'unknown');
  // Long folders are read side by side: etcd looks for one page while another is read here.
  const folders = await Promise.all(
    prefixes.map(async (prefix, index) => {
      const items: StoredItem[] = [];
      let answer = first.responses?.[index]?.response_range ?? {};
      for (;;) {
        const kvs = answer.kvs ?? [];
        for (const one of kvs) items.push(itemOf(one));
        const last = kvs.at(-1);
        if (answer.more !== true || last === undefined) return items;
        const next = `${decode(last.key)}\0`;
        answer = await client.read<RangeAnswer>('/v3/kv/range', page(next, endOf(prefix), header.revision));
      }
    }),
  );
  return { items: folders.flat(), revision: header.revision, clusterId: header.cluster_id };
}

async function writeAll(
  client: EtcdClient,
  guards: readonly StoreGuard[],
  changes: readonly StoreChange[],
): Promise<WriteOutcome> {
  if (changes.length > MAX_CHANGES) {
    throw new StoreFailure(`${changes.length} changes are more than etcd takes at once (${MAX_CHANGES})`, 'refused');
  }
  const own = changes.findLast(({ isOwn, value }) => isOwn === true && value !== null);
  const body = {
    compare: guards.map(({ key, revision }) =>
      revision === null
        ? { key: encode(key), result: 'EQUAL', target: 'VERSION', version: '0' }
        : { key: encode(key), result: 'EQUAL', target: 'MOD', mod_revision: revision },
    ),
    success: changes.map(({ key, value, lease }) =>
      value === null
        ? { request_delete_range: { key: encode(key) } }
        : { request_put: { key: encode(key), value: encode(value), ...(lease === undefined ? {} : { lease }) } },
    ),
    // A write that is sent again is refused by what it wrote the first time.
    ...(own !== undefined && { failure: [{ request_range: { key: encode(own.key) } }] }),
  };
  const answer = await (own === undefined
    ? client.change<TxnAnswer>(TXN, body)
    : client.changeAgain<TxnAnswer>(TXN, body));
  if (answer.succeeded === true) return { kind: 'written', revision: answer.header?.revision ?? '0' };
  const found = answer.responses?.[0]?.response_range?.kvs?.[0];
  if (own === undefined || found === undefined || decode(found.value ?? '') !== own.value) return { kind: 'refused' };
  return { kind: 'written', revision: found.mod_revision ?? '0' };
}

/** Lets a refusal pass that says that it was done before. */
function unless(words: RegExp): (error: unknown) => void {
  return (error) => {
    if (!(error instanceof StoreFailure) || !words.test(error.message)) throw error;
  };
}

async function watchAll(
  client: EtcdClient,
  prefixes: readonly string[],
  revision: string,
  onEvents: (events: readonly StoreEvent[], revision: string) => void,
  signal: AbortSignal,
): Promise<WatchEnd> {
  const ended = new AbortController();
  let isCompacted = false;
  let refusal: string | null = null;
  const from = String(BigInt(revision) + 1n);
  const onLine = (line: string): void => {
    const { error, result } = JSON.parse(line) as WatchLine;
    if (error !== undefined || result?.canceled === true) {
      isCompacted = Number(result?.compact_revision ?? 0) > 0 || /compacted/.test(error?.message ?? '');
      refusal = error?.message ?? result?.cancel_reason ?? 'the watch was ended';
      ended.abort();
      return;
    }
    const events = result?.events ?? [];
    const last = result?.header?.revision;
    if (events.length > 0 && last !== undefined) onEvents(events.map(eventOf), last);
  };
  // One range holds all prefixes: the gateway takes one watch a stream. Keys between them are left out here.
  const [start, end] = [prefixes.toSorted()[0] ?? '', prefixes.map(endOf).toSorted().at(-1) ?? ''];
  const create = { key: encode(start), range_end: encode(end), start_revision: from };
  const wanted = (event: StoreEvent) => prefixes.some((prefix) => event.key.startsWith(prefix));
  const told = onEvents;
  onEvents = (events, at) => {
    const ours = events.filter(wanted);
    if (ours.length > 0) told(ours, at);
  };
  const why = await client.stream(
    '/v3/watch',
    { create_request: create },
    onLine,
    AbortSignal.any([signal, ended.signal]),
  );
  return isCompacted ? { kind: 'compacted' } : { kind: 'lost', why: refusal ?? why };
}

function itemOf({ key, value = '', mod_revision = '0', create_revision = '0' }: KeyValue): StoredItem {
  return { key: decode(key), value: decode(value), revision: mod_revision, created: create_revision };
}

function eventOf({ type, kv }: { readonly type?: 'PUT' | 'DELETE'; readonly kv: KeyValue }): StoreEvent {
  return {
    key: decode(kv.key),
    value: type === 'DELETE' ? null : decode(kv.value ?? ''),
    revision: kv.mod_revision ?? '0',
  };
}

/** The first key after all that begin with the prefix. */
function endOf(prefix: string): string {
  const last = prefix.charCodeAt(prefix.length - 1);
  return prefix.slice(0, -1) + String.fromCharCode(last + 1);
}

function encode(text: string): string {
  return Buffer.from(text).toString('base64');
}

function decode(text: string): string {
  return Buffer.from(text, 'base64').toString('utf8');
}
