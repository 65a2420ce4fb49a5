/** What rules add to the resources of a sidecar: clusters of outcomes, and the routes to them. */
import type { UnitConfig } from '../../mesh/discovery-config.ts';
import type { RuledRoute } from '../routing/ruled-routes.ts';
import type { Endpoint } from '../world/endpoints.ts';
import type { ClusterMember } from './app-shape.ts';
import type { Partition } from './partition.ts';
import type { RuledTarget } from './plan-clusters.ts';
import { planRules } from './plan-rules.ts';
import { type RuledCaller, sidecarRules } from './sidecar-rules.ts';

/** Routes and clusters of all rules of a sidecar. */
export interface RuledParts {
  readonly routes: ReadonlyMap<string, readonly RuledRoute[]>;
  readonly targets: ReadonlyMap<string, readonly RuledTarget[]>;
  readonly clusters: ReadonlyMap<string, readonly ClusterMember[]>;
  /** The applications on whose endpoints it depends; null for all. */
  readonly apps: ReadonlySet<string> | null;
  /** The same for the same routes. */
  readonly text: string;
}

/** A sidecar without rules. */
export const NO_RULES: RuledParts = {
  ...{ routes: new Map(), targets: new Map(), clusters: new Map(), apps: new Set(), text: '[]' },
};

/** Makes the parts of the services that a script is about; `endpointsOf` gives those of an application that may be called. */
export function ruledParts(
  { services, clusters }: Partition,
  callers: readonly RuledCaller[],
  endpointsOf: (app: string) => readonly Endpoint[],
  unit: UnitConfig | undefined,
): RuledParts {
  const scripts = callers.flatMap((caller) => caller.scripts);
  const isAll = callers.some(({ unread }) => unread !== undefined) || scripts.some(({ app }) => app === null);
  if (scripts.length === 0 && !isAll) return NO_RULES;
  const named = new Set(scripts.map(({ app }) => app));
  const appsOf = (cluster: string) => new Set(clusters.get(cluster)?.profiles.map(({ app }) => app));
  const about = [...services].filter(([, cluster]) => isAll || [...appsOf(cluster)].some((app) => named.has(app)));
  const apps = new Set(about.flatMap(([, cluster]) => [...appsOf(cluster)]));
  const endpoints = [...apps].flatMap(endpointsOf);
  const routes = sidecarRules(
    endpoints,
    about.map(([key]) => key),
    callers,
    unit,
  );
  const plan = planRules({ clusters: [], services, read: [] }, routes);
  const targets = plan.ruled ?? new Map<string, readonly RuledTarget[]>();
  return {
    ...{ routes, targets, apps: isAll ? null : apps },
    clusters: new Map(plan.clusters.map(({ name, members }) => [name, members])),
    text: JSON.stringify([...targets]),
  };
}
