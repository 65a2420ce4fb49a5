/** The result of `weir discovery endpoints` as text. */
import type { Paint } from '../../cli/paint.ts';
import { alignColumns } from '../../cli/table.ts';
import type { ListedEndpoint } from '../usecases/list-endpoints.ts';
import { formatAddress } from '../world/read-address.ts';

/** A line an endpoint, then their number. */
export function endpointsText(endpoints: readonly ListedEndpoint[], paint: Paint): string {
  if (endpoints.length === 0) return 'no endpoints';
  const rows = endpoints.map((one) => [
    one.app,
    formatAddress(one.address, one.port),
    one.protocol,
    one.unit ?? '-',
    String(one.weight),
    one.layouts.join('+'),
    one.straight === null ? '' : paint.caution(`straight: ${one.straight}`),
  ]);
  const heading = ['APPLICATION', 'ADDRESS', 'PROTOCOL', 'UNIT', 'WEIGHT', 'LAYOUT', ''].map((title) =>
    paint.strong(title),
  );
  const apps = new Set(endpoints.map(({ app }) => app)).size;
  const count = `${endpoints.length} endpoint${endpoints.length === 1 ? '' : 's'} of ${apps} application${apps === 1 ? '' : 's'}`;
  return [...alignColumns([heading, ...rows]).map((line) => line.trimEnd()), '', count].join('\n');
}
