/** Puts the routes of rules into a plan of clusters. */
import type { RuledRoute } from '../routing/ruled-routes.ts';
import { ORIGINAL_CLUSTER } from './dubbo-routes.ts';
import type { ClusterPlan, PlannedCluster, RuledTarget } from './plan-clusters.ts';
import { isRoutable } from './rule-matchers.ts';

/** The plan with a cluster for each outcome beside those of services; its name does not depend on its members. */
export function planRules(plan: ClusterPlan, rules: ReadonlyMap<string, readonly RuledRoute[]>): ClusterPlan {
  const clusters = new Map<string, PlannedCluster>(plan.clusters.map((cluster) => [cluster.name, cluster]));
  const ruled = new Map<string, readonly RuledTarget[]>();
  for (const [key, routes] of rules) {
    // A pattern that Envoy has not: nothing of the service is decided by a rule behind it.
    const end = routes.findIndex(({ test }) => test !== null && !isRoutable(test));
    const usable = end === -1 ? routes : routes.slice(0, end);
    const targets = usable.map(({ script, test, target }): RuledTarget => {
      if (target.kind === 'original') return { test, cluster: ORIGINAL_CLUSTER };
      const name = outcomeCluster(plan.services.get(key) ?? key, script, target.outcome);
      const members = target.members.map(({ host: address, port, weight, priority }) => ({
        address,
        port,
        weight,
        priority,
      }));
      clusters.set(name, { name, members });
      return { test, cluster: name };
    });
    ruled.set(key, end === -1 ? targets : [...targets, { test: null, cluster: ORIGINAL_CLUSTER }]);
  }
  return { ...plan, clusters: [...clusters.values()], ruled };
}

/** The cluster of an outcome for the services of another cluster: the same members offer them. */
export function outcomeCluster(cluster: string, script: string, outcome: string): string {
  return `${cluster}|${script}|${outcome}`;
}
