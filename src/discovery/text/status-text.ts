/** The result of `weir discovery status` as text. */
import type { Paint } from '../../cli/paint.ts';
import { alignColumns } from '../../cli/table.ts';
import type { AgentStatus } from '../records/agent-protocol.ts';
import { spillText } from './spill-text.ts';

/** Registries, applications and Envoys, each as a table; what needs a decision is marked. */
export function statusText({ serving, registries, unit, apps, sidecars, streams }: AgentStatus, paint: Paint): string {
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
  table(
    ['APPLICATION', 'ENDPOINTS', 'UNITS', 'LAYOUTS', ''],
    apps.map(({ name, endpoints, layouts, held }) => [
      ...[name, String(endpoints.total), unitsText(endpoints.byUnit), layouts.join('+') || '-'],
      held === null ? '' : paint.caution(`held (${held.reason}): ${held.wouldRemove} would go, since ${held.since}`),
    ]),
  );
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

function unitsText(byUnit: Readonly<Record<string, number>>): string {
  const units = Object.entries(byUnit).map(([unit, count]) => `${unit} ${count}`);
  return units.length === 0 ? '-' : units.join(', ');
}
