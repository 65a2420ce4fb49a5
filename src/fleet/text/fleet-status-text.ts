/** The result of `weir fleet status` as text: a tree of regions, applications, and the hosts that are not as desired. */
import type { Paint } from '../../cli/paint.ts';
import { alignColumns } from '../../cli/table.ts';
import { humanDuration } from '../../platform/duration.ts';
import type { FleetStatus, HostRow, RegionRow } from '../usecases/fleet-status.ts';

/** Of more applications those that are as desired are one line. */
const MANY = 12;

/** The tree, with a mark at everything that needs somebody. A region lists `mostLines` applications and hosts each. */
export function fleetStatusText(
  { regions }: FleetStatus,
  paint: Paint,
  mostLines: number = Number.POSITIVE_INFINITY,
): string {
  return regions.map((region) => regionText(region, paint, mostLines)).join('\n\n');
}

function regionText(region: RegionRow, paint: Paint, mostLines: number): string {
  const { name, error, store, apps, hosts, objects, releases } = region;
  if (error !== null) return `${paint.strong(name)}  ${paint.bad('unreachable')}: ${error}`;
  const leader = store.leader === null ? '' : `, leader ${store.leader}`;
  const wrong = hosts.filter(({ state }) => state !== 'ok');
  const all = `${count(hosts.length, 'host')}${wrong.length === 0 ? '' : `, ${paint.bad(`${wrong.length} not as desired`)}`}`;
  const head = `${paint.strong(name)}  ${store.kind} at revision ${store.revision}${leader}, ${all}`;
  // Of many, each that needs somebody has a line of its own.
  const isMany = apps.length > Math.min(MANY, mostLines);
  const shown = isMany ? apps.filter((one) => missing(one) > 0).toSorted((a, b) => missing(b) - missing(a)) : apps;
  const good = apps.length - shown.length;
  const appLines = alignColumns(
    shown.map(({ name: app, hosts: total, asDesired, counts }) => [
      `  ${app}`,
      asDesired === total ? paint.good(`${asDesired} of ${total}`) : paint.caution(`${asDesired} of ${total}`),
      Object.entries(counts)
        .sort()
        .map(([state, number]) => `${number} ${state}`)
        .join(', '),
    ]),
  );
  const hostLines = alignColumns(wrong.map((host) => hostCells(host, paint)));
  const objectLines = objects
    .filter(({ ok }) => !ok)
    .map(({ kind, name: object, error: why }) => `  ${paint.bad('!')} ${kind}/${object}: ${why}`);
  const releaseLines = releases.map(({ name: release, state, wave, reason }) => {
    const why = reason === null ? '' : `: ${reason}`;
    return `  release ${release}  ${state === 'stopped' ? paint.bad(state) : state} at wave ${wave}${why}`;
  });
  return [
    ...[head, ...firstLines(appLines, mostLines, 'applications')],
    ...(good === 0 ? [] : [`  ${paint.good(`${good} applications`)} are as desired`]),
    ...releaseLines,
    ...[...firstLines(hostLines, mostLines, 'hosts'), ...firstLines(objectLines, mostLines, 'objects')],
  ].join('\n');
}

function missing({ hosts, asDesired }: RegionRow['apps'][number]): number {
  return hosts - asDesired;
}

function firstLines(lines: readonly string[], most: number, noun: string): readonly string[] {
  if (lines.length <= most) return lines;
  return [...lines.slice(0, most - 1), `  ... and ${lines.length - most + 1} more ${noun}`];
}

function hostCells({ name, state, reason, ageMs }: HostRow, paint: Paint): string[] {
  const age = ageMs === null ? '' : paint.faint(`${humanDuration(ageMs)} ago`);
  const mark = state === 'override' || state === 'stopped' ? paint.caution(state) : paint.bad(state);
  // A narrow terminal cuts the end of the reason, and nothing else.
  return [`  ${paint.bad('!')} ${name}`, mark, age, reason ?? ''];
}

function count(number: number, noun: string): string {
  return `${number} ${noun}${number === 1 ? '' : 's'}`;
}
