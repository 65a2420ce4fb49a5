/** The names of a switch: whom it selects, whether the fleet knows them, and in which regions it means anything. */
import type { FleetHost, RegionView } from '../model/region-view.ts';
import type { Selector } from '../model/selector.ts';
import { unknownName } from './fleet.ts';

/** The parts of a switch that name something. */
export interface SwitchNames {
  readonly apps: readonly string[] | 'all';
  /** Host names, and `label=value`. */
  readonly hosts: readonly string[];
  readonly percent: number | null;
}

/** Host names and `label=value` apart; undefined when nothing narrows the switch. */
export function selectorOf({ hosts, percent }: SwitchNames): Selector | undefined {
  const names = hosts.filter((one) => !one.includes('='));
  const labels = Object.fromEntries(
    hosts
      .filter((one) => one.includes('='))
      .map((one) => [one.slice(0, one.indexOf('=')), one.slice(one.indexOf('=') + 1)]),
  );
  const selector = {
    ...(names.length > 0 && { names }),
    ...(Object.keys(labels).length > 0 && { labels }),
    ...(percent !== null && { percent }),
  };
  return Object.keys(selector).length === 0 ? undefined : selector;
}

/** The same as one region takes it: names of hosts of other regions mean nobody there. */
export function selectorIn(view: RegionView, request: SwitchNames): Selector | undefined {
  const selector = selectorOf(request);
  if (selector?.names === undefined) return selector;
  const known = new Set([...view.hosts.values()].map(({ name }) => name));
  return { ...selector, names: selector.names.filter((name) => known.has(name)) };
}

/**
 * Whether the switch of an application, or with null the red button, is to be written into a region: a rule for nobody
 * would be told as a mistake there. `isThere`: the region has this switch already, which has to follow.
 */
export function isMeantIn(view: RegionView, request: SwitchNames, app: string | null, isThere: boolean): boolean {
  const names = selectorIn(view, request)?.names;
  if (names !== undefined) return names.length > 0;
  return app === null || isThere || [...view.hosts.values()].some(({ apps }) => apps.includes(app));
}

/** Throws WEIR1606 for a name that nobody knows; `unread` are the regions that could not be asked. */
export function requireKnownNames(
  request: SwitchNames,
  views: readonly RegionView[],
  unread: readonly { readonly region: { readonly name: string }; readonly error: string }[],
): void {
  const hosts = views.flatMap((view) => [...view.hosts.values()]);
  const away = unread.map(({ region }) => region.name).join(', ');
  const fleet = away === '' ? 'the fleet' : `the part of the fleet that answers (${away} does not)`;
  const apps = namesIn(hosts, (host) => host.apps);
  for (const app of request.apps === 'all' ? [] : request.apps) {
    if (!apps.includes(app)) throw unknownName('application', app, apps, `no host reports it: ${fleet}`);
  }
  const { names = [], labels = {} } = selectorOf(request) ?? {};
  for (const name of names) {
    const found = hosts.filter((host) => host.name === name);
    if (found.length === 0)
      throw unknownName(
        'host',
        name,
        namesIn(hosts, (host) => [host.name]),
        fleet,
      );
    const own = namesIn(found, (host) => host.apps);
    const [first] = request.apps === 'all' ? [] : request.apps;
    if (first !== undefined && !own.some((app) => request.apps.includes(app)))
      throw unknownName('application', first, own, `${name} does not have it: it`);
  }
  for (const [label, value] of Object.entries(labels)) {
    const pairs = namesIn(hosts, (host) => Object.entries(host.labels).map(([key, one]) => `${key}=${one}`));
    if (!pairs.includes(`${label}=${value}`))
      throw unknownName('host with the label', `${label}=${value}`, pairs, fleet);
  }
}

function namesIn(hosts: readonly FleetHost[], of: (host: FleetHost) => readonly string[]): string[] {
  return [...new Set(hosts.flatMap(of))].sort();
}
