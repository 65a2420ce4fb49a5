/** Progress, reports and history of upgrades as text. */
import type {
  SidecarCrash,
  SidecarStatus,
  UpgradeProgressEvent,
  UpgradeReport,
  UpgradeSide,
} from '../machine/upgrade-report.ts';
import type { SidecarHistory } from '../usecases/read-history.ts';

function side({ epoch, version }: UpgradeSide): string {
  return `${version ?? 'unknown version'}${epoch === null ? '' : ` (epoch ${epoch})`}`;
}

/** One line of an upgrade's progress: state, seconds, connections of the old and the new process. */
export function formatUpgradeProgress(event: UpgradeProgressEvent): string {
  const { state, atMs, secondsLeft, connections } = event;
  const seconds = `${(atMs / 1000).toFixed(1)} s`.padStart(8);
  const left = secondsLeft === null ? '' : `  at most ${secondsLeft} s left`;
  const counts = connections === null ? '' : `  old: ${connections.old} conn  new: ${connections.new} conn`;
  return `${seconds}  ${state.padEnd(13)}${counts}${left}`.trimEnd();
}

/** The end report of an upgrade for humans. */
export function formatUpgradeReport(name: string, report: UpgradeReport): string {
  const { outcome, reason, from, to, connections, requests, drainedAtMs, notices, states } = report;
  if (outcome === 'unchanged') return `${name}: nothing to do, ${reason}`;
  if (outcome === 'dry-run') return `${name}: preflight passed, ${side(from)} -> ${side(to)} would go on`;
  const total = ((states.at(-1)?.atMs ?? 0) / 1000).toFixed(1);
  const lines = [`${name}: ${outcome}  ${side(from)} -> ${side(to)}  in ${total} s`];
  const drainedAt = drainedAtMs === null ? '' : `  last one gone at ${(drainedAtMs / 1000).toFixed(1)} s`;
  const cutRequests = requests.cut === null ? 'not counted (see the warnings)' : requests.cut;
  const counted = ({ drained, cut }: UpgradeReport['connections']) =>
    cut === null ? 'not counted' : `drained ${drained}, cut ${cut}`;
  lines.push(`connections: ${counted(connections)}${drainedAt}`);
  lines.push(`requests cut: ${cutRequests}`);
  for (const { role, adapter, ok, detail } of notices) {
    lines.push(`notice ${role} by ${adapter}: ${ok ? 'ok' : 'failed'}, ${detail}`);
  }
  return lines.join('\n');
}

/** Upgrades and crashes by time, a line each. */
export function formatHistory(name: string, { entries, crashes }: Omit<SidecarHistory, 'warnings'>): string {
  const lines = [
    ...entries.map((report) => ({ at: report.at, text: upgradeLine(report) })),
    ...crashes.map((crash) => ({ at: crash.at, text: crashLine(crash) })),
  ];
  if (lines.length === 0) return `${name}: no upgrade yet`;
  lines.sort((a, b) => a.at.localeCompare(b.at));
  return lines.map(({ at, text }) => `${at}  ${text}`).join('\n');
}

function upgradeLine(report: UpgradeReport): string {
  const { outcome, from, to, connections, actor = null, note = null } = report;
  const reason = report.dryRun && outcome !== 'dry-run' ? `dry run: ${report.reason}` : report.reason;
  const cut = connections.cut === null ? 'cut not counted' : `cut ${connections.cut}`;
  const who = actor === null ? '' : `  by ${actor}`;
  const why = note === null ? '' : `: ${note}`;
  return `${outcome.padEnd(12)} ${side(from)} -> ${side(to)}  ${cut}  ${reason}${who}${why}`;
}

function crashLine({ version, detail, inARow }: SidecarCrash): string {
  const times = inARow > 1 ? `  ${inARow} in a row` : '';
  return `${'crash'.padEnd(12)} Envoy ${version ?? 'of unknown version'}: ${detail}${times}`;
}

/** One sidecar of `weir sidecar status`. */
export function formatSidecarStatus(status: SidecarStatus): string {
  const { name, state, detail, version, epoch, pid, managed, connections, supervisorPid, upgrade, crash, last } =
    status;
  const envoy = pid === null ? '' : `  Envoy ${version ?? '?'}  epoch ${epoch ?? '?'}  pid ${pid}`;
  const by = managed ? 'no supervisor' : 'not run by weir';
  const supervisor = supervisorPid === null ? `  ${by}` : `  supervisor ${supervisorPid}`;
  const lines = [`${name}: ${state}${envoy}  ${connections.active ?? 'unknown'} connections${supervisor}`];
  if (detail !== null) lines.push(`  ${detail}`);
  if (upgrade !== null) {
    const counts = upgrade.connections;
    const detail = counts === null ? '' : `, old ${counts.old} conn, new ${counts.new} conn`;
    lines.push(`  upgrade: ${upgrade.state}, at most ${upgrade.secondsLeft ?? '?'} s left${detail}`);
  }
  if (crash !== null) {
    const { at, detail, inARow } = crash;
    lines.push(`  last crash: ${at}, ${detail}${inARow > 1 ? `, ${inARow} in a row` : ''}`);
  }
  if (last !== null) lines.push(`  last upgrade: ${last.outcome} at ${last.at}, to ${side(last.to)}`);
  return lines.join('\n');
}
