/** The Grafana dashboard as JSON. Pure. Source of the form: grafana.com/docs, dashboard JSON model, schema version 36. */
import { type MonitoringFile, WRITTEN_BY } from '../rule-files.ts';
import { DASHBOARD_ROWS, type Panel } from './panels.ts';

/** Grafana's grid has 24 columns. */
const COLUMNS = 24;
/** The height of a panel, in rows of the grid. */
const HEIGHT = 7;
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
    const placed = own.map((panel) => {
      if (x + panel.width > COLUMNS) {
        x = 0;
        y += HEIGHT;
      }
      id += 1;
      const gridPos = { x, y, w: panel.width, h: HEIGHT };
      x += panel.width;
      return panelOf(panel, id, gridPos);
    });
    y += HEIGHT;
    return [heading, ...placed];
  });
}

function panelOf(panel: Panel, id: number, gridPos: object): object {
  const { title, kind, queries, columns, whenEmpty } = panel;
  // Grafana would put the text into each empty cell of a table.
  const isTold = kind === 'table' && whenEmpty !== undefined;
  const description = isTold ? `${panel.description} Empty: ${whenEmpty}.` : panel.description;
  return {
    ...{ id, type: kind, title, description, gridPos, datasource: SOURCE },
    fieldConfig: { defaults: defaultsOf(panel), overrides: overridesOf(panel) },
    ...(kind === 'timeseries' ? { options: { tooltip: { mode: 'multi', sort: 'desc' } } } : {}),
    targets: queries.map(({ expr, legend }, index) => ({
      ...{ refId: String.fromCharCode(65 + index), datasource: SOURCE, expr, legendFormat: legend },
      ...(kind === 'timeseries' ? { range: true } : { instant: true }),
      ...(kind === 'table' ? { format: 'table' } : {}),
    })),
    ...(columns === undefined ? {} : { transformations: transformationsOf(columns, panel.matrixOf) }),
  };
}

function defaultsOf({ kind, unit, steps, words, whenEmpty, isStacked }: Panel): object {
  const drawn = {
    ...{ fillOpacity: isStacked === true ? 40 : 0, stacking: { mode: isStacked === true ? 'normal' : 'none' } },
    // Without it a line at 0 has an axis up to 100.
    ...(unit === 'count' ? { axisSoftMax: 1 } : {}),
  };
  return {
    ...(unit === 'count' ? { unit: 'short', decimals: 0 } : { unit }),
    min: 0,
    ...(unit === 'percentunit' ? { max: 1 } : {}),
    ...(kind === 'timeseries' ? { custom: drawn } : {}),
    // Grafana's own 150 pixels a column hide the last ones.
    ...(kind === 'table' ? { custom: { minWidth: 80 } } : {}),
    ...(whenEmpty === undefined || kind === 'table' ? {} : { noValue: whenEmpty }),
    // What is not said, Grafana makes red from 80 on.
    thresholds: { mode: 'absolute', steps: stepsOf(steps ?? [kind === 'table' ? 'text' : 'green']) },
    ...(words === undefined ? {} : { mappings: [{ type: 'value', options: words }] }),
  };
}

function stepsOf([first, ...rest]: NonNullable<Panel['steps']>): object[] {
  return [{ value: null, color: first }, ...rest.map(([value, color]) => ({ value, color }))];
}

/** The colours of series by their names; in a table those of the columns that have any. */
function overridesOf({ kind, colors = {}, words, steps, columns = {} }: Panel): object[] {
  const series = Object.entries(colors).map(([name, fixedColor]) => ({
    matcher: { id: 'byName', options: name },
    properties: [{ id: 'color', value: { mode: 'fixed', fixedColor } }],
  }));
  if (kind !== 'table') return series;
  // A colour for texts is one by their words; by steps only numbers have one.
  const told = words !== undefined ? Object.values(columns) : steps === undefined ? [] : [columns.Value];
  return told.map((name) => ({
    matcher: { id: 'byName', options: name },
    properties: [{ id: 'custom.cellOptions', value: { type: 'color-text' } }],
  }));
}

/** A table has the labels of its query as columns, and the time of each row. */
function transformationsOf(columns: NonNullable<Panel['columns']>, matrixOf: string | undefined): object[] {
  const [row = '', heading] = Object.entries(columns)[0] ?? [];
  if (matrixOf !== undefined) {
    const matrix = { columnField: matrixOf, rowField: row, valueField: 'Value', emptyValue: 'zero' };
    const corner = `${row}\\${matrixOf}`;
    return [
      { id: 'groupingToMatrix', options: matrix },
      { id: 'organize', options: { excludeByName: {}, indexByName: {}, renameByName: { [corner]: heading } } },
    ];
  }
  const others = ['Time', 'Value'].filter((name) => columns[name] === undefined);
  const organize = {
    excludeByName: Object.fromEntries(others.map((name) => [name, true])),
    indexByName: Object.fromEntries(Object.keys(columns).map((name, index) => [name, index])),
    renameByName: columns,
  };
  const [first = ''] = Object.values(columns);
  const by = columns.Value === undefined ? { field: first } : { field: columns.Value, desc: true };
  return [
    { id: 'organize', options: organize },
    { id: 'sortBy', options: { fields: {}, sort: [by] } },
  ];
}
