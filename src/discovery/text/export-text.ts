/** The result of `weir discovery export` as text. */
import type { Paint } from '../../cli/paint.ts';
import { plural } from '../../cli/wrap-text.ts';
import type { ExportedBootstrap } from '../usecases/export-bootstrap.ts';
import { printable } from './printable.ts';

/** What was written, what passes unread, and the next step. */
export function exportText(file: string, exported: Omit<ExportedBootstrap, 'bootstrap'>, paint: Paint): string {
  const { clusters, endpoints, straight } = printable(exported);
  return [
    `wrote ${file}: ${plural(clusters, 'cluster')} with ${plural(endpoints, 'endpoint')}`,
    ...straight.map(({ app, address, reason }) => paint.caution(`${address} of ${app} passes unread: ${reason}`)),
    `next: envoy -c ${file}`,
  ].join('\n');
}
