/** The rules of all applications behind one sidecar: each application's hold for its own calls. */

import type { UnitConfig } from '../../mesh/discovery-config.ts';
import { allOf, type EnvoyTest } from '../../rules/targets/envoy/envoy-test.ts';
import type { RuleScript } from '../routing/rule-scripts.ts';
import { type CallerFacts, type RuledProvider, type RuledRoute, ruledRoutes } from '../routing/ruled-routes.ts';
import { allLabels, type Endpoint } from '../world/endpoints.ts';
import { formatAddress } from '../world/read-address.ts';
import { parseServiceKey } from '../world/service-key.ts';
import { unitPriority } from './unit-view.ts';

/** An application behind the sidecar. */
export interface RuledCaller {
  readonly app: string;
  readonly facts: CallerFacts;
  readonly scripts: readonly RuleScript[];
  /** Why its rules cannot be read; no call of it is then decided by guess. */
  readonly unread?: string;
}

/** The attachment in which every Dubbo sends the application of the caller. */
const CALLER = 'remote.application';

/**
 * The routes of every service that a script is about, by `formatServiceKey`. Where several applications share the sidecar,
 * each route asks whose call it is.
 */
export function sidecarRules(
  endpoints: readonly Endpoint[],
  services: Iterable<string>,
  callers: readonly RuledCaller[],
  unit?: UnitConfig,
): ReadonlyMap<string, readonly RuledRoute[]> {
  const rules = new Map<string, readonly RuledRoute[]>();
  if (callers.every(({ scripts, unread }) => scripts.length === 0 && unread === undefined)) return rules;
  for (const key of services) {
    const offering = endpoints.filter((one) => one.protocol === 'dubbo' && one.services?.has(key) === true);
    const apps = [...new Set(offering.map(({ app }) => app))].toSorted();
    const providers = offering.map((endpoint): RuledProvider => {
      const { address: host, port, weight, straight } = endpoint;
      const params = allLabels(endpoint);
      const id = formatAddress(host, port);
      return { id, host, port, params, weight, isReadable: straight === null, priority: unitPriority(endpoint, unit) };
    });
    const routes = callers.flatMap(({ app, facts, scripts, unread }) => {
      const own =
        unread === undefined
          ? (ruledRoutes(scripts, parseServiceKey(key), apps, facts, providers) ?? [])
          : [keep(unread)];
      return callers.length === 1 ? own : own.map((route) => ({ ...route, test: ofCaller(app, route.test) }));
    });
    if (routes.length > 0) rules.set(key, routes);
  }
  return rules;
}

/**
 * Whether a rule is about a service of these applications. Envoy executes rules for Dubbo: calls of it that come as HTTP keep
 * the address that their consumer picked.
 */
export function isRuled(key: string, apps: readonly string[], callers: readonly RuledCaller[]): boolean {
  return callers.some(
    ({ facts, scripts, unread }) =>
      unread !== undefined || ruledRoutes(scripts, parseServiceKey(key), apps, facts, []) !== null,
  );
}

function ofCaller(app: string, test: EnvoyTest | null): EnvoyTest {
  const own: EnvoyTest = { attachment: CALLER, text: { in: [app] } };
  return test === null ? own : allOf([own, test]);
}

function keep(why: string): RuledRoute {
  return {
    ...{ script: 'rules', rule: 'rules-refused', source: { file: 'rules', line: 1 }, test: null },
    target: { kind: 'original', why },
  };
}
