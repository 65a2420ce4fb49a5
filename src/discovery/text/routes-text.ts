/** The result of `weir discovery routes` as text. */
import type { Paint } from '../../cli/paint.ts';
import { alignColumns } from '../../cli/table.ts';
import { terminalColumns } from '../../cli/terminal.ts';
import { hanging, plural, wrapText } from '../../cli/wrap-text.ts';
import type { ConsumerRoute } from '../records/agent-protocol.ts';
import { describeTest } from '../resources/describe-test.ts';
import { ORIGINAL_CLUSTER } from '../resources/dubbo-routes.ts';
import type { ExplainedCall } from '../usecases/explain-route.ts';
import { printable } from './printable.ts';

/** So many columns are left for the calls of a route. */
const LEAST_ROOM = 24;

/**
 * Services with the routes of their calls below them, the first that fits deciding; services with the same routes stand together.
 * Then the clusters by their numbers, with their members.
 */
export function routesText(given: readonly ConsumerRoute[], paint: Paint): string {
  const routes = printable(given);
  if (routes.length === 0) return 'no routes: every call goes to the address that its consumer picked';
  const width = terminalColumns();
  const clusters = [...new Set(routes.filter(hasMembers).map(({ outcome }) => outcome))];
  const rowOf = (route: ConsumerRoute, index: number): string[] => [
    `  ${route.rule ?? '-'}`,
    targetOf(route, clusters.indexOf(route.outcome) + 1),
    route.source === null ? '-' : `${route.source.file}:${route.source.line}`,
    route.test === null ? (index === 0 ? 'every call' : 'every other call') : describeTest(route.test),
  ];
  const services = [...Map.groupBy(routes, serviceOf)].map(([service, own]) => ({ service, rows: own.map(rowOf) }));
  const alike = [...Map.groupBy(services, ({ rows }) => JSON.stringify(rows)).values()];
  const heading = ['  RULE', 'GOES TO', 'SOURCE', 'CALLS'].map((title) => paint.strong(title));
  const lines = alike.flatMap((group) => [
    ...group.flatMap(({ service }) => wrapText(service, width)),
    ...table([heading, ...(group[0]?.rows ?? [])], width),
    '',
  ]);
  const members = new Map(routes.map((route) => [route.outcome, route.members]));
  const legend = clusters.flatMap((name, index) =>
    hanging(`[${index + 1}] `, `${name}: ${members.get(name)?.join(' ')}`, width),
  );
  return [...lines, ...legend].join('\n').trimEnd();
}

function hasMembers({ outcome, members }: ConsumerRoute): boolean {
  return outcome !== ORIGINAL_CLUSTER && members.length > 0;
}

function targetOf(route: ConsumerRoute, place: number): string {
  if (route.outcome === ORIGINAL_CLUSTER) return 'the address that was picked';
  return hasMembers(route) ? `${plural(route.members.length, 'member')} [${place}]` : 'nobody: the call fails';
}

function serviceOf({ interface: name, group, version }: ConsumerRoute): string {
  return `${name}${group === '' ? '' : `, group ${group}`}${version === '' ? '' : `, version ${version}`}`;
}

/** Aligned columns, of which the last one goes on below itself. */
function table(rows: readonly (readonly string[])[], width: number): string[] {
  const starts = alignColumns(rows.map((row) => [...row.slice(0, -1), '|'])).map((line) => line.slice(0, -1));
  // Behind names that fill the line a column of single words could not be read.
  const room = Math.max(width, (starts[0]?.length ?? 0) + LEAST_ROOM);
  return rows.flatMap((row, index) => hanging(starts[index] ?? '', row.at(-1) ?? '', room));
}

/** Where one call goes, in a line. */
export function explainedText(call: ExplainedCall): string {
  const { rule, providers, keepsAddress, source } = printable(call);
  const by = rule === null ? 'no rule' : `${rule}${source === null ? '' : ` (${source.file}:${source.line})`}`;
  if (keepsAddress) return `${by}: the call goes to the address that its consumer picked`;
  return `${by}: ${providers.length === 0 ? 'the call fails, for nobody is left' : providers.join(' ')}`;
}
