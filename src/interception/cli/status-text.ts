/** The screen of `weir status`: what is on, what is wrong, and the next command. */
import { stripVTControlCharacters } from 'node:util';
import type { Paint } from '../../cli/paint.ts';
import type { SamePlace } from '../../cli/same-place.ts';
import { alignColumns } from '../../cli/table.ts';
import { plural, wrapText } from '../../cli/wrap-text.ts';
import { humanDuration } from '../../platform/duration.ts';
import type { AppState } from '../app-state.ts';
import { type AppStatus, type SeenSidecar, type StatusReport, UNREAD_BACKENDS } from '../report-status.ts';

/** How the screen is drawn. */
export interface StatusTextOptions {
  /** How wide lines may be. */
  readonly columns: number;
  /** Completes the commands that are recommended, before lines are broken; none by default. */
  readonly samePlace?: SamePlace;
  /** The time that the report is of, for how long ago things were. */
  readonly nowMs: number;
}

/** All applications, sidecars and what is wrong, made for one screen. */
export function statusText(report: StatusReport, paint: Paint, options: StatusTextOptions): string {
  const lines: string[] = [];
  if (report.apps.length === 0) lines.push('no applications');
  else lines.push(...appTable(report, paint, options));
  if (report.sidecars.length > 0) lines.push('', ...sidecarTable(report.sidecars, paint, options));
  const none = report.notRead.some(({ what }) => what === UNREAD_BACKENDS) ? 'not known' : 'none usable';
  lines.push('', paint.faint(`back end: ${report.backend ?? none}`));
  for (const foreign of report.foreign) {
    const mark = foreign.kind === 'mesh' ? paint.bad('another mesh') : 'also here';
    lines.push(...wrapped(`${mark}: ${foreign.name} (${foreign.evidence}, ${foreign.backend})`, '', options));
  }
  for (const { what, why } of report.notRead) lines.push(...wrapped(`not read: ${what} (${why})`, '', options));
  return lines.join('\n');
}

function appTable(report: StatusReport, paint: Paint, options: StatusTextOptions): string[] {
  const titles = ['APP', 'STATE', 'SIDECAR', 'FAMILIES', 'LEASE', 'PROXIED', 'DIRECT', 'SINCE'];
  const rows = report.apps.map((app) => [
    paint.strong(app.name),
    stateWord(app.state, paint),
    app.sidecar ?? '-',
    familiesWord(app),
    app.lease === null ? '-' : `${(app.lease.remainingMs / 1000).toFixed(1)}s`,
    String(app.connections.proxied ?? '?'),
    String(app.connections.direct ?? '?'),
    app.since === null ? '-' : `${humanDuration(options.nowMs - Date.parse(app.since))} ago`,
  ]);
  const [head = '', ...body] = fitted({ titles, rows }, paint, options.columns);
  return [head, ...body.flatMap((line, index) => [line, ...appNotes(report.apps[index], paint, options)])];
}

interface Table {
  readonly titles: readonly string[];
  readonly rows: readonly (readonly string[])[];
}

/** What a narrow screen goes without, one after the other; `--json` has all of it. */
const NARROWER: readonly ((table: Table) => Table)[] = [
  (table) => withColumns(table, (_, cells) => cells.some((cell) => cell !== '-')),
  ({ titles, rows }) => ({ titles, rows: rows.map((row) => row.map((cell) => cell.replace(/ ago$/, ''))) }),
  (table) => withColumns(table, (title) => title !== 'SINCE'),
  (table) => withColumns(table, (title) => title !== 'FAMILIES'),
  (table) => withColumns(table, (title) => title !== 'SIDECAR'),
];

/** The lines of the table, as much of it as has room: a line that the terminal breaks is hard to read. */
function fitted(table: Table, paint: Paint, columns: number): string[] {
  let lines: string[] = [];
  for (const narrow of [(same: Table) => same, ...NARROWER]) {
    table = narrow(table);
    lines = alignColumns([table.titles.map((title) => paint.faint(title)), ...table.rows]);
    if (lines.every((line) => stripVTControlCharacters(line).length <= columns)) return lines;
  }
  return lines;
}

function withColumns({ titles, rows }: Table, keep: (title: string, cells: readonly string[]) => boolean): Table {
  const isKept = titles.map((title, index) =>
    keep(
      title,
      rows.map((row) => row[index] ?? ''),
    ),
  );
  const only = (row: readonly string[]): string[] => row.filter((_, index) => isKept[index]);
  return { titles: only(titles), rows: rows.map(only) };
}

function appNotes(app: AppStatus | undefined, paint: Paint, options: StatusTextOptions): string[] {
  if (app === undefined) return [];
  const notes: string[] = [];
  if (app.reason !== null) notes.push(app.reason);
  notes.push(...app.troubles.map(({ what }) => what));
  const isLate = app.troubles.some(({ kind }) => kind === 'deadline');
  if (app.confirm !== null && !isLate) {
    // What is not proven cannot be confirmed.
    const how = app.desired === 'on' ? `: \`weir confirm ${app.name}\`` : '';
    notes.push(`ends by itself in ${humanDuration(app.confirm.remainingMs)}${how}`);
  }
  notes.push(...app.drift.slice(0, 5));
  if (app.drift.length > 5)
    notes.push(`and ${plural(app.drift.length - 5, 'more difference')}: \`weir verify ${app.name}\``);
  const lines = notes.flatMap((note) => wrapped(note, '  ', options)).map((note) => paint.caution(note));
  return app.next === null ? lines : [...lines, ...wrapped(`next: ${paint.strong(`\`${app.next}\``)}`, '  ', options)];
}

function sidecarTable(sidecars: readonly SeenSidecar[], paint: Paint, options: StatusTextOptions): string[] {
  const header = ['SIDECAR', 'STATE', 'VERSION', 'EPOCH', 'PID'].map((title) => paint.faint(title));
  const rows = sidecars.map((one) => [
    paint.strong(one.name),
    one.state === 'live' ? paint.good(one.state) : paint.bad(one.state),
    ...[one.version, one.epoch, one.pid].map((value) => String(value ?? '-')),
  ]);
  const [head = '', ...body] = alignColumns([header, ...rows]);
  // The detail goes below, not beside: its length is unbounded, so it fits no column.
  const details = sidecars.map(({ detail }) => (detail === null ? [] : wrapped(detail, '  ', options)));
  return [head, ...body.flatMap((line, index) => [line, ...(details[index] ?? []).map((text) => paint.caution(text))])];
}

/** A text set in, broken at words. */
function wrapped(text: string, indent: string, { columns, samePlace }: StatusTextOptions): string[] {
  const whole = samePlace === undefined ? text : samePlace(text);
  return wrapText(whole, columns - indent.length).map((line) => `${indent}${line}`);
}

/** A state in the colour of its meaning. */
function stateWord(state: AppState, paint: Paint): string {
  if (state === 'on') return paint.good(state);
  if (state === 'off') return state;
  return state === 'drifted' || state === 'denied' ? paint.bad(state) : paint.caution(state);
}

function familiesWord({ families: { ipv4, ipv6 } }: AppStatus): string {
  if (ipv4 && ipv6) return '4+6';
  return ipv4 ? '4' : ipv6 ? '6' : '-';
}
