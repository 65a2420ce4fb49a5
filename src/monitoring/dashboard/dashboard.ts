/** The Grafana dashboard as JSON. Pure. Source of the form: grafana.com/docs, dashboard JSON model, schema version 36. */
import { type MonitoringFile, WRITTEN_BY } from '../rule-files.ts';
import { DASHBOARD_ROWS, type Panel } from './panels.ts';

/** Grafana's grid has 24 columns. */
const COLUMNS = 24;
const SIZES: Readonly<Record<Panel['kind'], { readonly w: number; readonly h: number }>> = {
  stat: { w: 4, h: 7 },
  timeseries: { w: 8, h: 7 },
  table: { w: 8, h: 7 },
};
const SOURCE = { type: 'prometheus', uid: '$datasource' };

/** The file of `weir metrics dashboard`. */
export function dashboardFile(): MonitoringFile {
  const dashboard = {
    description: `${WRITTEN_BY} dashboard\`.`,
    title: 'weir',
    uid: 'weir',
    tags: ['weir'],
    schemaVersion: 36,
    editable: true,
    refresh: '30s',
    time: { from: 'now-3h', to: 'now' },
    templating: { list: VARIABLES },
    panels: panels(),
  };
  return { path: 'weir-dashboard.json', kind: 'dashboard', text: `${JSON.stringify(dashboard, null, 2)}\n` };
}

const VARIABLES = [
  { name: 'datasource', label: 'Data source', type: 'datasource', query: 'prometheus' },
  {
    ...{ name: 'region', label: 'Region', type: 'query', datasource: SOURCE },
    query: { query: 'label_values(weir_operator_leading, region)', refId: 'region' },
    ...{ includeAll: true, allValue: '.*', multi: true, refresh: 2, current: { text: 'All', value: '$__all' } },
  },
];

/** Panels from left to right; each row of the catalogue begins a new line below its heading. */
function panels(): object[] {
  let id = 0;
  let y = 0;
  return DASHBOARD_ROWS.flatMap(({ title, panels: own }) => {
    id += 1;
    const heading = { id, type: 'row', title, collapsed: false, panels: [], gridPos: { x: 0, y, w: COLUMNS, h: 1 } };
    y += 1;
    let x = 0;
    let height = 0;
    const placed = own.map((panel) => {
      const { w, h } = SIZES[panel.kind];
      if (x + w > COLUMNS) {
        x = 0;
        y += height;
        height = 0;
      }
      id += 1;
      const gridPos = { x, y, w, h };
      x += w;
      height = Math.max(height, h);
      return panelOf(panel, id, gridPos);
    });
    y += height;
    return [heading, ...placed];
  });
}

function panelOf({ title, kind, unit, queries }: Panel, id: number, gridPos: object): object {
  return {
    ...{ id, type: kind, title, gridPos, datasource: SOURCE },
    fieldConfig: { defaults: { unit, min: 0 }, overrides: [] },
    targets: queries.map(({ expr, legend }, index) => ({
      ...{ refId: String.fromCharCode(65 + index), datasource: SOURCE, expr, legendFormat: legend },
      ...(kind === 'timeseries' ? { range: true } : { instant: true }),
      ...(kind === 'table' ? { format: 'table' } : {}),
    })),
  };
}
