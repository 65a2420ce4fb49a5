/** Which endpoints a host of a unit may call, and in which order. */
import type { UnitConfig } from '../../mesh/discovery-config.ts';
import type { Endpoint } from '../world/endpoints.ts';

/** The endpoints that are there for this host. In a closed unit others, and those without a unit, are not. */
export function unitView(endpoints: readonly Endpoint[], unit: UnitConfig | undefined): readonly Endpoint[] {
  if (unit?.mode !== 'closed') return endpoints;
  return endpoints.filter((endpoint) => unit.center.includes(endpoint.app) || endpoint.unit === unit.own);
}

/** 0 for the endpoints that are called first, 1 for those that only take over (Envoy's priorities). */
export function unitPriority({ app, unit: own }: Pick<Endpoint, 'app' | 'unit'>, unit: UnitConfig | undefined): 0 | 1 {
  return unit?.mode !== 'prefer' || unit.center.includes(app) || own === unit.own ? 0 : 1;
}
