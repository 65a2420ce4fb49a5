/** What the agent answers to people: its state, and what it gave to the Envoy of a consumer. */
import type { AgentStatus, ConsumerRoute } from '../records/agent-protocol.ts';
import { describeTest } from '../resources/describe-test.ts';
import { ORIGINAL_CLUSTER } from '../resources/dubbo-routes.ts';
import { outcomeCluster } from '../resources/plan-rules.ts';
import { parseServiceKey } from '../world/service-key.ts';
import type { DiscoveryMachine } from './discovery-machine.ts';
import type { GuardedApp } from './guarded-app.ts';

/** The times of a moment on both clocks, in milliseconds. */
export interface Moment {
  readonly wallMs: number;
  readonly monotonicMs: number;
}

/** A registry that keeps all from weir refuses thousands of places: so many are named. */
const MOST_NAMED = 20;

/** The present state. `sockets` are where Envoys are served. */
export function agentStatus(
  machine: DiscoveryMachine,
  { pid, sockets }: { readonly pid: number; readonly sockets: readonly string[] },
  now: Moment,
): AgentStatus {
  const states = machine.world.states();
  const { unit } = machine.plan;
  const { consumed } = machine;
  const iso = (ms: number | undefined) => (ms === undefined ? null : new Date(ms).toISOString());
  return {
    serving: machine.isServing,
    pid,
    sockets: [...sockets],
    registries: machine.plan.registries.map(({ name, kind }) => ({
      ...{ name, kind, state: states.get(name) ?? 'syncing' },
      lastEventAt: iso(machine.lastEventAt.get(name)),
      refused: refusedText(machine.world.refusedBy(name)),
    })),
    mappingsSince: iso(machine.mappingsSince ?? undefined),
    unit: unit === null ? null : { own: unit.own, mode: unit.mode, spillPercent: unit.spillPercent },
    apps: [...machine.apps.values()].filter(({ name }) => consumed.has(name)).map((app) => appStatus(app, now)),
    sidecars: [...machine.sidecars].map(([name, { store }]) => ({ name, resources: store.size, hash: store.hash })),
    streams: [...machine.streams.values()].flatMap(({ node, sidecar, xds }) =>
      xds === null || sidecar === null
        ? []
        : [{ node: node ?? '', sidecar, acked: xds.stream.acked, nacked: [...xds.stream.rejected] }],
    ),
  };
}

function refusedText(places: ReadonlyMap<string, string>): AgentStatus['registries'][number]['refused'] {
  const named = [...places].map(([place, reason]) => ({ place, reason }));
  return { total: places.size, first: named.slice(0, MOST_NAMED) };
}

function appStatus(app: GuardedApp, now: Moment): AgentStatus['apps'][number] {
  const endpoints = app.published;
  const byUnit: Record<string, number> = {};
  for (const { unit } of endpoints) if (unit !== null) byUnit[unit] = (byUnit[unit] ?? 0) + 1;
  const { held } = app;
  return {
    name: app.name,
    layouts: [...new Set(endpoints.flatMap(({ layouts }) => layouts))].toSorted(),
    endpoints: { total: endpoints.length, byUnit },
    held:
      held === null
        ? null
        : {
            since: new Date(now.wallMs - (now.monotonicMs - held.sinceMs)).toISOString(),
            ...{ reason: held.reason, wouldRemove: held.wouldRemove },
          },
  };
}

/** What calls of a consumer meet; null for a consumer that mesh.yaml does not have. */
export function consumerRoutes(
  machine: DiscoveryMachine,
  consumer: string,
  onlyInterface: string | null,
): ConsumerRoute[] | null {
  const own = machine.plan.consumers.find(({ name }) => name === consumer);
  const resources = own === undefined ? undefined : machine.sidecars.get(own.sidecar);
  if (own === undefined || resources === undefined) return null;
  return [...resources.partition.services]
    .map(([service, outcome]) => ({ service, key: parseServiceKey(service), outcome }))
    .filter(({ key }) => onlyInterface === null || key.interface === onlyInterface)
    .flatMap(({ service, key, outcome }) => {
      const match = `group ${key.group || '-'}, version ${key.version || '-'}`;
      const rules = resources.ruledRoutes.get(service) ?? [];
      const ruled = rules.map(({ script, rule, source, test, target }): ConsumerRoute => {
        const name = target.kind === 'members' ? outcomeCluster(outcome, script, target.outcome) : ORIGINAL_CLUSTER;
        return {
          ...{ ...key, rule, source, test, outcome: name },
          match: test === null ? match : `${match}, ${describeTest(test)}`,
          members: target.kind === 'members' ? target.members.map(({ id }) => id) : [],
        };
      });
      // Behind a route for every call nothing is left.
      if (rules.some(({ test }) => test === null)) return ruled;
      const members = [...resources.membersOfCluster(outcome)];
      return [...ruled, { ...key, rule: null, source: null, test: null, outcome, match, members }];
    });
}
