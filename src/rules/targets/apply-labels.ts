/** Carries a label plan out on providers, for comparisons. */
import type { RoutingProvider } from '../case-file.ts';
import { predicateHolds } from '../plan/evaluate-plan.ts';
import type { LabelPlan } from './label-plan.ts';

/**
 * The providers after the label plan was carried out. A listed provider gets the labels of the list; a later one gets
 * the labels whose predicates hold.
 */
export function applyLabels(plan: LabelPlan, providers: readonly RoutingProvider[]): RoutingProvider[] {
  const listed = new Map((plan.providers ?? []).map((entry) => [`${entry.id} ${entry.address}`, entry.labels]));
  return providers.map((provider) => {
    const known = listed.get(`${provider.id} ${provider.host}:${provider.port}`);
    const labels: Record<string, string> = { ...known };
    if (known === undefined) {
      for (const group of plan.groups) {
        if (group.select.some((predicate) => predicateHolds(predicate, provider))) labels[group.label] = group.value;
      }
    }
    return { ...provider, params: { ...provider.params, ...labels } };
  });
}
