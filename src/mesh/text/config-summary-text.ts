/** The result of `weir config check` as text. */
import type { Paint } from '../../cli/paint.ts';
import { plural } from '../../cli/wrap-text.ts';
import { unreachable } from '../../errors/unreachable.ts';
import { formatDuration } from '../../platform/duration.ts';
import type {
  AccountSummary,
  AppSummary,
  ConfigSummary,
  ScopeSummary,
  SelectSummary,
  SidecarSummary,
} from '../config-summary.ts';

/** What a checked mesh.yaml says, for a human: a line for each sidecar and a few for each app. */
export function formatConfigSummary({ file, sidecars, apps }: ConfigSummary, paint: Paint): string {
  const head = `${file} is ${paint.good('valid')}: ${plural(sidecars.length, 'sidecar')}, ${plural(apps.length, 'app')}`;
  const watched = new Set(sidecars.flatMap(({ name, managed }) => (managed ? [name] : [])));
  const blocks = [
    ...sidecars.map((one) => sidecarText(one, paint)),
    ...apps.map((one) => appText(one, watched.has(one.sidecar), paint)),
  ];
  return [head, ...blocks].join('\n\n');
}

function sidecarText({ name, user, group, outbound, inbound, admin, managed }: SidecarSummary, paint: Paint): string {
  const accounts = [user && `user ${accountText(user)}`, group && `group ${accountText(group)}`];
  const ports = [outbound && `outbound ${outbound}`, inbound && `inbound ${inbound}`];
  const runner = managed ? 'run by weir' : 'not run by weir';
  const facts = [...accounts, ...ports, `admin ${admin}`, runner].filter((fact) => fact !== null && fact !== 0);
  return `sidecar ${paint.strong(name)}\n  ${facts.join(', ')}`;
}

function appText(app: AppSummary, isWatched: boolean, paint: Paint): string {
  const { name, select, sidecar, outbound, inbound } = app;
  return [
    `app ${paint.strong(name)}: ${selectText(select)}, through sidecar ${sidecar}`,
    `  outbound:  ${scopeText(outbound, 'to')}`,
    `  inbound:   ${scopeText(inbound, 'from')}`,
    `  sidecar down: new connections ${failureText(app, isWatched)}`,
  ].join('\n');
}

/** Only a supervisor sees that a sidecar is down; without one what a lease has left runs out, or nothing happens at all. */
function failureText({ onFailure, leaseMs }: AppSummary, isWatched: boolean): string {
  const lease = leaseMs === null ? '' : `, lease ${formatDuration(leaseMs)}`;
  if (onFailure === 'deny') return `are refused${lease}`;
  if (isWatched || leaseMs !== null) return `are made directly${lease}`;
  return 'fail until it is back, since weir does not run it';
}

function selectText(select: SelectSummary): string {
  switch (select.kind) {
    case 'users':
      return `user ${select.users.map(accountText).join(', ')}`;
    case 'group':
      return `group ${accountText(select.group)}`;
    case 'slice':
      return `slice ${select.slice}`;
    case 'all':
      return 'every process';
    default:
      return unreachable(select);
  }
}

function accountText({ name, id }: AccountSummary): string {
  if (name === null) return String(id);
  return id === null ? name : `${name} (${id})`;
}

// A port is always the one connected to; a network is where an outbound connection goes, an inbound one comes from.
function scopeText(scope: ScopeSummary | null, preposition: 'to' | 'from'): string {
  if (scope === null) return 'none';
  const { ports, cidrs, exclude } = scope;
  const included = [
    ports.length === 0 ? 'every port' : `ports ${ports.join(', ')}`,
    cidrs.length === 0 ? '' : `${preposition} ${cidrs.join(', ')}`,
  ];
  const excluded = [
    exclude.ports.length === 0 ? '' : `ports ${exclude.ports.join(', ')}`,
    exclude.cidrs.length === 0 ? '' : `${preposition} ${exclude.cidrs.join(', ')}`,
  ].filter((part) => part !== '');
  const but = excluded.length === 0 ? '' : `, but not ${excluded.join(' nor ')}`;
  return `${included.filter((part) => part !== '').join(' ')}${but}`;
}
