/** The result of `weir discovery endpoints` as text. */
import type { Paint } from '../../cli/paint.ts';
import { alignColumns } from '../../cli/table.ts';
import type { ListedEndpoint } from '../usecases/list-endpoints.ts';
import { formatAddress } from '../world/read-address.ts';
import { printable } from './printable.ts';

/** What keeps calls from an endpoint, or its connections from being read. */
function remarkOf({ straight, disabled }: ListedEndpoint, paint: Paint): string {
  const remarks = straight === null ? [] : [`straight: ${straight}`];
  if (disabled.length > 0)
    remarks.push(`disabled: ${disabled.length === 1 ? disabled[0] : `${disabled.length} services`}`);
  return remarks.length === 0 ? '' : paint.caution(remarks.join(', '));
}

/** A line an endpoint, then their number. */
export function endpointsText(listed: readonly ListedEndpoint[], paint: Paint): string {
  const endpoints = printable(listed);
  if (endpoints.length === 0) return 'no endpoints';
  const rows = endpoints.map((one) => [
    one.app,
    formatAddress(one.address, one.port),
    one.protocol,
    one.unit ?? '-',
    String(one.weight),
    one.layouts.length === 2 ? 'both' : one.layouts.join(),
    remarkOf(one, paint),
  ]);
  const heading = ['APPLICATION', 'ADDRESS', 'PROTOCOL', 'UNIT', 'WEIGHT', 'LAYOUT', ''].map((title) =>
    paint.strong(title),
  );
  const apps = new Set(endpoints.map(({ app }) => app)).size;
  const count = `${endpoints.length} endpoint${endpoints.length === 1 ? '' : 's'} of ${apps} application${apps === 1 ? '' : 's'}`;
  return [...alignColumns([heading, ...rows]).map((line) => line.trimEnd()), '', count].join('\n');
}
