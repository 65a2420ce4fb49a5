import type { AppState } from '../usecases/app-state.ts';
import type { AppStatus, SidecarStatus, StatusReport } from '../usecases/report-status.ts';
import type { Paint } from './paint.ts';
import { alignColumns } from './table.ts';
import { plural } from './wrap-text.ts';

/** All applications, sidecars and what is wrong, made for one screen. */
export function statusText(report: StatusReport, paint: Paint): string {
  const lines: string[] = [];
  if (report.apps.length === 0) lines.push('no applications');
  else lines.push(...appTable(report, paint));
  if (report.sidecars.length > 0) lines.push('', ...sidecarTable(report.sidecars, paint));
  lines.push(paint.faint(`\nback end: ${report.backend ?? 'none usable'}`));
  for (const foreign of report.foreign) {
    const mark = foreign.kind === 'mesh' ? paint.bad('another mesh') : 'also here';
    lines.push(`${mark}: ${foreign.name} (${foreign.evidence}, ${foreign.backend})`);
  }
  return lines.join('\n');
}

function appTable(report: StatusReport, paint: Paint): string[] {
  const header = ['APP', 'STATE', 'SIDECAR', 'FAMILIES', 'LEASE', 'PROXIED', 'DIRECT', 'SINCE'].map((title) =>
    paint.faint(title),
  );
  const rows = report.apps.map((app) => [
    paint.strong(app.name),
    stateWord(app.state, paint),
    app.sidecar ?? '-',
    familiesWord(app),
    app.lease === null ? '-' : `${(app.lease.remainingMs / 1000).toFixed(1)}s`,
    String(app.connections.proxied),
    String(app.connections.direct),
    app.since?.replace(/\.\d+Z$/, 'Z') ?? '-',
  ]);
  const [head = '', ...body] = alignColumns([header, ...rows]);
  return [head, ...body.flatMap((line, index) => [line, ...appNotes(report.apps[index], paint)])];
}

function appNotes(app: AppStatus | undefined, paint: Paint): string[] {
  if (app === undefined) return [];
  const notes: string[] = [];
  if (app.reason !== null) notes.push(app.reason);
  if (app.confirm !== null)
    notes.push(
      `ends by itself in ${plural(Math.ceil(app.confirm.remainingMs / 1000), 'second')}: \`weir confirm ${app.name}\``,
    );
  notes.push(...app.drift.slice(0, 5));
  if (app.drift.length > 5)
    notes.push(`and ${plural(app.drift.length - 5, 'more difference')}: \`weir verify ${app.name}\``);
  else if (app.drift.length > 0) notes.push(`put it right: \`weir on ${app.name}\``);
  return notes.map((note) => `  ${paint.caution(note)}`);
}

function sidecarTable(sidecars: readonly SidecarStatus[], paint: Paint): string[] {
  const header = ['SIDECAR', 'STATE', 'VERSION', 'EPOCH', 'PID', 'DETAIL'].map((title) => paint.faint(title));
  const rows = sidecars.map((one) => [
    paint.strong(one.name),
    one.state === 'live' ? paint.good(one.state) : paint.bad(one.state),
    ...[one.version, one.epoch, one.pid, one.detail].map((value) => String(value ?? '-')),
  ]);
  return alignColumns([header, ...rows]);
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
