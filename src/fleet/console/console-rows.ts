/** The rows of each screen of `weir console`, from a status of the fleet. Pure. */
import { isDeepStrictEqual } from 'node:util';
import { humanDuration } from '../../platform/duration.ts';
import type { FleetStatus, HostRow, RegionRow } from '../usecases/fleet-status.ts';

/** The screens, in the order of their keys. */
export const SCREENS = ['regions', 'applications', 'hosts', 'releases'] as const;
/** One of `SCREENS`. */
export type Screen = (typeof SCREENS)[number];

/** What a row is about, as far as actions need it. Null: all, or not said. */
export interface Target {
  readonly region: string | null;
  readonly app: string | null;
  readonly host: string | null;
  readonly release: string | null;
}

/** One row. */
export interface Row {
  readonly cells: readonly string[];
  /** `bad` and `caution` want somebody. */
  readonly tone: 'good' | 'caution' | 'bad';
  /** Hosts of the row that are not as wanted. */
  readonly wrong: number;
  readonly target: Target;
}

/** What is shown of the status. */
export interface Sight {
  readonly screen: Screen;
  readonly region: string | null;
  readonly app: string | null;
  /** Rows that hold this text; '' for all. */
  readonly search: string;
  readonly onlyWrong: boolean;
  /** By name; else what wants somebody comes first, as in `weir fleet status`. */
  readonly byName: boolean;
}

const URGENCY = { bad: 0, caution: 1, good: 2 } as const;
const NOWHERE: Target = { region: null, app: null, host: null, release: null };

/** The heading of each column of a screen. A region that is chosen has no column. */
export function headingsOf({ screen, region }: Pick<Sight, 'screen' | 'region'>): readonly string[] {
  return HEADINGS[screen].filter((heading) => region === null || screen === 'regions' || heading !== 'REGION');
}

const HEADINGS: Readonly<Record<Screen, readonly string[]>> = {
  regions: ['REGION', 'HOSTS', 'AS WANTED', 'LEADER', 'RELEASES', 'WHAT'],
  applications: ['APPLICATION', 'HOSTS', 'AS WANTED', 'STATES'],
  hosts: ['HOST', 'REGION', 'STATE', 'APPLICATIONS', 'WORD', 'REASON'],
  releases: ['RELEASE', 'REGION', 'STATE', 'WAVE', 'REASON'],
};

/** The rows that are to be seen, in order. */
export function rowsOf({ regions }: FleetStatus, sight: Sight): readonly Row[] {
  const shown = regions.filter(({ name }) => sight.region === null || name === sight.region);
  const rows = allRows(shown, sight);
  const wanted = sight.search.toLowerCase();
  const found = rows.filter(
    ({ cells, tone }) =>
      (!sight.onlyWrong || tone !== 'good') && (wanted === '' || cells.join(' ').toLowerCase().includes(wanted)),
  );
  const byName = (a: Row, b: Row) => compare(a.cells[0] ?? '', b.cells[0] ?? '');
  if (sight.byName) return found.sort(byName);
  return found.sort((a, b) => URGENCY[a.tone] - URGENCY[b.tone] || b.wrong - a.wrong || byName(a, b));
}

/** Where a row of before stands in another look; null when it is not there any more. */
export function placeOf(row: Row, rows: readonly Row[]): number | null {
  const at = rows.findIndex(({ target }) => isDeepStrictEqual(target, row.target));
  return at === -1 ? null : at;
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

function allRows(regions: readonly RegionRow[], sight: Sight): Row[] {
  switch (sight.screen) {
    case 'regions':
      return regions.map(regionRow);
    case 'applications':
      return appRows(regions, sight.region);
    case 'hosts':
      return regions.flatMap((region) => hostRows(region, sight));
    case 'releases':
      return regions.flatMap((region) => releaseRows(region, sight));
    default:
      return sight.screen satisfies never;
  }
}

function regionRow({ name, error, hosts, objects, releases, store }: RegionRow): Row {
  const target = { ...NOWHERE, region: name };
  if (error !== null)
    return { cells: [name, '?', '?', '', '', `unreachable: ${error}`], tone: 'bad', wrong: 0, target };
  const good = hosts.filter(({ state }) => state === 'ok').length;
  const moving = releases.filter(({ state }) => state === 'running' || state === 'undoing' || state === 'stopped');
  const damaged = objects.filter(({ ok }) => !ok);
  const what =
    damaged.length === 0 ? wrongHosts(hosts) : `${damaged[0]?.kind}/${damaged[0]?.name}: ${damaged[0]?.error}`;
  const isBad = damaged.length > 0 || moving.some(({ state }) => state === 'stopped');
  return {
    cells: [
      ...[name, String(hosts.length), share(good, hosts.length), store.leader ?? 'none'],
      ...[moving.map((one) => `${one.name} ${one.state}`).join(', ') || '-', what],
    ],
    tone: isBad ? 'bad' : good === hosts.length ? 'good' : 'caution',
    wrong: hosts.length - good,
    target,
  };
}

/** The hosts that are not as wanted, by their state. */
function wrongHosts(hosts: readonly HostRow[]): string {
  const counts = Map.groupBy(
    hosts.filter(({ state }) => state !== 'ok'),
    ({ state }) => state,
  );
  return [...counts].map(([state, own]) => `${own.length} ${state}`).join(', ');
}

/** One row an application over all regions in sight, as an operator thinks of it. */
function appRows(regions: readonly RegionRow[], region: string | null): Row[] {
  const apps = new Map<string, { hosts: number; asDesired: number; counts: Map<string, number> }>();
  for (const row of regions.flatMap((one) => one.apps)) {
    const sum = apps.get(row.name) ?? { hosts: 0, asDesired: 0, counts: new Map() };
    sum.hosts += row.hosts;
    sum.asDesired += row.asDesired;
    for (const [state, count] of Object.entries(row.counts))
      sum.counts.set(state, (sum.counts.get(state) ?? 0) + count);
    apps.set(row.name, sum);
  }
  return [...apps].map(([app, { hosts, asDesired, counts }]) => ({
    cells: [app, String(hosts), share(asDesired, hosts), [...counts].map(([state, n]) => `${n} ${state}`).join(', ')],
    tone: asDesired === hosts ? 'good' : 'caution',
    wrong: hosts - asDesired,
    target: { ...NOWHERE, region, app },
  }));
}

function hostRows({ name: region, hosts }: RegionRow, { app, region: chosen }: Sight): Row[] {
  return hosts
    .filter((host) => app === null || host.apps.some(({ name }) => name === app))
    .map((host) => ({
      cells: [
        ...[host.name, ...(chosen === null ? [region] : []), host.state, appsOf(host, app)],
        ...[host.ageMs === null ? '' : humanDuration(host.ageMs), host.reason ?? ''],
      ],
      tone: host.state === 'ok' ? 'good' : host.state === 'override' || host.state === 'stopped' ? 'caution' : 'bad',
      wrong: host.state === 'ok' ? 0 : 1,
      target: { ...NOWHERE, region, app, host: host.name },
    }));
}

function appsOf({ apps }: HostRow, app: string | null): string {
  const one = apps.find(({ name }) => name === app);
  if (one !== undefined) return `${one.name} ${one.state}`;
  // A host that does not speak says nothing of its applications.
  if (apps.length > 0 && apps.every(({ state }) => state === 'unknown')) return `${apps.length} unknown`;
  const on = apps.filter(({ state }) => state === 'on').length;
  return `${on} of ${apps.length} on`;
}

function releaseRows({ name: region, releases }: RegionRow, { region: chosen }: Sight): Row[] {
  return releases.map(({ name, state, wave, reason }) => ({
    cells: [name, ...(chosen === null ? [region] : []), state, String(wave), reason ?? ''],
    tone: state === 'stopped' ? 'bad' : state === 'done' || state === 'undone' ? 'good' : 'caution',
    wrong: 0,
    target: { ...NOWHERE, region, release: name },
  }));
}

function share(part: number, whole: number): string {
  return part === whole ? 'all' : `${part} of ${whole}`;
}
