/** The result of `weir discovery status` as text. */
import type { Paint } from '../../cli/paint.ts';
import { alignColumns } from '../../cli/table.ts';
import { terminalColumns } from '../../cli/terminal.ts';
import { wrapText } from '../../cli/wrap-text.ts';
import type { AgentStatus } from '../records/agent-protocol.ts';
import { printable } from './printable.ts';
import { spillText } from './spill-text.ts';

/** So many places that a registry refuses are named; all that weir knows of them is in the JSON. */
const MOST_NAMED = 3;

/** Registries, applications and Envoys, each as a table; what needs a decision is marked. */
export function statusText(status: AgentStatus, paint: Paint): string {
  const { serving, registries, unit, apps, sidecars, streams, mappingsSince } = printable(status);
  const lines: string[] = [];
  if (!serving) lines.push(paint.caution('Envoys are not answered yet: the registries were not heard in full'), '');
  const table = (titles: readonly string[], rows: readonly (readonly string[])[]) => {
    const heading = titles.map((title) => paint.strong(title));
    lines.push(...alignColumns([heading, ...rows.map((row) => [...row])]).map((line) => line.trimEnd()), '');
  };
  table(
    ['REGISTRY', 'KIND', 'STATE', 'LAST EVENT'],
    registries.map(({ name, kind, state, lastEventAt }) => [
      ...[name, kind, state === 'synced' ? state : paint.caution(state), lastEventAt ?? '-'],
    ]),
  );
  const refused = registries.flatMap((one) => refusedText(one).map((line) => paint.caution(line)));
  if (refused.length > 0) lines.push(...refused, '');
  table(
    ['APPLICATION', 'ENDPOINTS', 'UNITS', 'LAYOUTS', ''],
    apps.map(({ name, endpoints, layouts, held }) => [
      // Without the word of all registries none is not known to be none.
      ...[
        name,
        serving || endpoints.total > 0 ? String(endpoints.total) : 'not known',
        unitsText(endpoints.byUnit),
        layouts.join('+') || '-',
      ],
      held === null ? '' : paint.caution('held'),
    ]),
  );
  const held = apps.flatMap((app) => heldText(app).map((line) => paint.caution(line)));
  if (held.length > 0) lines.push(...held, '');
  if (mappingsSince !== null) {
    const text = `mappings are remembered since ${mappingsSince}: calls to an application that lost its mapping before pass as they are`;
    lines.push(...wrapText(text, terminalColumns()), '');
  }
  if (unit?.mode === 'prefer') lines.push(...apps.map(({ name, endpoints }) => spillText(name, endpoints, unit)), '');
  table(
    ['SIDECAR', 'RESOURCES', 'HASH'],
    sidecars.map(({ name, resources, hash }) => [name, String(resources), hash]),
  );
  if (streams.length === 0) return [...lines, 'no Envoy is connected'].join('\n');
  table(
    ['ENVOY', 'SIDECAR', 'TAKEN', 'REFUSED'],
    streams.map(({ node, sidecar, acked, nacked }) => [
      ...[node, sidecar, String(acked)],
      nacked.length === 0 ? '-' : paint.caution(nacked.map(({ type, name }) => `${type} ${name}`).join(', ')),
    ]),
  );
  for (const { node, nacked } of streams)
    for (const { type, name, error } of nacked) lines.push(paint.caution(`${node} refuses ${type} ${name}: ${error}`));
  return lines.join('\n').trimEnd();
}

/** What a registry does not show, and what counts meanwhile. */
function refusedText({ name, refused: { total, first } }: AgentStatus['registries'][number]): string[] {
  if (total === 0) return [];
  const named = first.slice(0, MOST_NAMED).map(({ place, reason }) => `${place} (${reason})`);
  const more = total > named.length ? ` and ${total - named.length} more` : '';
  const text = `${name} refuses to show ${named.join(', ')}${more}: what it last said of that counts, and it is asked again`;
  return wrapText(text, terminalColumns());
}

/** What is kept although the registries do not list it any more, and how to let it go. */
function heldText({ name, held }: AgentStatus['apps'][number]): string[] {
  if (held === null) return [];
  const why = REASONS.get(held.reason) ?? held.reason;
  const text = `${name} is held since ${held.since}: ${why}, and ${held.wouldRemove} would go; \`weir discovery confirm ${name}\` believes it now`;
  return wrapText(text, terminalColumns());
}

const REASONS: ReadonlyMap<string, string> = new Map([
  ['empty', 'its list is empty'],
  ['shrink', 'its list shrank'],
  ['registry-empty', 'the lists of all applications are empty'],
  ['older', 'its registry was set back to an older state'],
]);

function unitsText(byUnit: Readonly<Record<string, number>>): string {
  const units = Object.entries(byUnit).map(([unit, count]) => `${unit} ${count}`);
  return units.length === 0 ? '-' : units.join(', ');
}
