/** A store whose requests are counted. */
import type { MetricFamily, MetricLabels } from '../../platform/metrics/exposition.ts';
import type { MetricStore } from '../../platform/metrics/metric-store.ts';
import type { FleetStore } from '../ports.ts';

/** The families that are counted in. */
export interface StoreFamilies {
  readonly requests: MetricFamily;
  readonly failures: MetricFamily;
  readonly lastAnswer: MetricFamily;
}

const KINDS = ['list', 'write', 'watch', 'grant', 'keepAlive', 'revoke'] as const;

/** The same store; `now` is wall time in milliseconds. Each event of a watch counts as an answer. */
export function meterStore(
  store: FleetStore,
  metrics: MetricStore,
  { requests, failures, lastAnswer }: StoreFamilies,
  { labels, now }: { readonly labels: MetricLabels; readonly now: () => number },
): FleetStore {
  for (const kind of KINDS) for (const family of [requests, failures]) metrics.add(family, { ...labels, kind }, 0);
  const answered = () => metrics.set(lastAnswer, labels, now() / 1000);
  const metered = async <T>(kind: (typeof KINDS)[number], work: () => Promise<T>): Promise<T> => {
    metrics.add(requests, { ...labels, kind }, 1);
    try {
      const answer = await work();
      if (kind !== 'watch') answered();
      return answer;
    } catch (error) {
      metrics.add(failures, { ...labels, kind }, 1);
      throw error;
    }
  };
  return {
    place: store.place,
    listsSingleKeys: store.listsSingleKeys,
    list: (prefixes) => metered('list', () => store.list(prefixes)),
    find: (key) => metered('list', () => store.find(key)),
    madeWith: (key, revision, prefix) => metered('list', () => store.madeWith(key, revision, prefix)),
    write: (guards, changes) => metered('write', () => store.write(guards, changes)),
    watch: (prefixes, revision, onEvents, signal) => {
      const told: typeof onEvents = (events, at) => {
        answered();
        onEvents(events, at);
      };
      return metered('watch', () => store.watch(prefixes, revision, told, signal));
    },
    grant: (ttlMs) => metered('grant', () => store.grant(ttlMs)),
    keepAlive: (lease) => metered('keepAlive', () => store.keepAlive(lease)),
    revoke: (lease) => metered('revoke', () => store.revoke(lease)),
  };
}
