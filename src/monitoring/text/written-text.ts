/** The result of `weir metrics rules` and `dashboard` as text. */
import type { Paint } from '../../cli/paint.ts';
import { alignColumns } from '../../cli/table.ts';
import type { WrittenFiles } from '../compose.ts';

const NEXT: Readonly<Record<string, string>> = {
  rules: 'rule_files of prometheus.yml',
  tests: 'promtool test rules',
  alertmanager: 'routes for Alertmanager',
  'remote-write': 'remote_write of prometheus.yml',
  dashboard: 'import it into Grafana',
};

/** A line a file, with what it is for. */
export function writtenText({ folder, files }: WrittenFiles, paint: Paint): string {
  const rows = files.map(({ path, kind }) => [`  ${path}`, paint.faint(NEXT[kind] ?? kind)]);
  return [`wrote into ${paint.strong(folder)}`, ...alignColumns(rows)].join('\n');
}
