/** The result of `weir discovery routes` as text. */
import type { Paint } from '../../cli/paint.ts';
import { alignColumns } from '../../cli/table.ts';
import { plural } from '../../cli/wrap-text.ts';
import type { ConsumerRoute } from '../records/agent-protocol.ts';
import type { ExplainedCall } from '../usecases/explain-route.ts';

/** A line a route; its members below it. */
export function routesText(routes: readonly ConsumerRoute[], paint: Paint): string {
  if (routes.length === 0) return 'no routes: every call goes to the address that its consumer picked';
  const rows = routes.map((route) => {
    const source = route.source === null ? '-' : `${route.source.file}:${route.source.line}`;
    return [
      route.interface,
      route.match,
      route.rule ?? '-',
      route.outcome,
      plural(route.members.length, 'member'),
      source,
    ];
  });
  const heading = ['INTERFACE', 'MATCH', 'RULE', 'OUTCOME', 'MEMBERS', 'SOURCE'].map((title) => paint.strong(title));
  const outcomes = new Map(routes.map(({ outcome, members }) => [outcome, members]));
  return [
    ...alignColumns([heading, ...rows]).map((line) => line.trimEnd()),
    '',
    ...[...outcomes].map(([outcome, members]) => `${outcome}: ${members.join(' ') || 'nobody'}`),
  ].join('\n');
}

/** Where one call goes, in a line. */
export function explainedText({ rule, providers, keepsAddress, source }: ExplainedCall): string {
  const by = rule === null ? 'no rule' : `${rule}${source === null ? '' : ` (${source.file}:${source.line})`}`;
  if (keepsAddress) return `${by}: the call goes to the address that its consumer picked`;
  return `${by}: ${providers.length === 0 ? 'the call fails, for nobody is left' : providers.join(' ')}`;
}
