/** `weir fleet on|off`: writes the switch of an application, or the red button, and looks for the hosts' confirmations. */
import { interruptedBy } from '../../errors/interrupted-by.ts';
import { messageOf } from '../../errors/message-of.ts';
import { WeirError } from '../../errors/weir-error.ts';
import { hasExpired } from '../model/decide.ts';
import type { RegionKeys } from '../model/keys.ts';
import { type FleetHost, policiesOf, type RegionView, viewPrefixes, viewRegion } from '../model/region-view.ts';
import { selects } from '../model/selector.ts';
import {
  type FleetPorts,
  inRegion,
  type Region,
  type RegionFailure,
  readRegions,
  regionsNamed,
  requireSome,
  unreadOf,
  writeFailed,
} from './fleet.ts';
import { clockOf } from './fleet-status.ts';
import { requireKnownNames, selectorOf } from './switch-names.ts';
import { SWITCH_ALL, switchName, writeSwitch } from './write-switch.ts';

/** A command without --wait looks so long for confirmations, in ms. */
const LOOK_MS = 2_000;
const POLL_MS = 100;

/** The operator's request. */
export interface FleetSwitch {
  readonly action: 'on' | 'off';
  readonly apps: readonly string[] | 'all';
  readonly regions: readonly string[] | undefined;
  readonly hosts: readonly string[];
  /** The share of hosts, 0 to 100; null: all that are selected otherwise. */
  readonly percent: number | null;
  /** RFC 3339. */
  readonly until: string | null;
  readonly reason: string | null;
  readonly dryRun: boolean;
  /** Null: look for a moment. */
  readonly waitMs: number | null;
  readonly signal: AbortSignal;
}

/** One region in the result. */
export interface SwitchedRegion {
  readonly name: string;
  /** Whether its store could be read before the write. */
  readonly reachable: boolean;
  readonly written: boolean;
  /** Why nothing is written; or, where it is, why its hosts are not known: what is told of them is null then. */
  readonly error: string | null;
  /** How many hosts the switch is for; null: they were not read. */
  readonly selected: number | null;
  readonly hosts: readonly string[] | null;
  /** How many of them said, while they were looked at, that it is carried out. */
  readonly confirmed: number | null;
  /** The others, each with what it still lacks. */
  readonly pending: readonly PendingHost[] | null;
}

/** A host that has not confirmed. */
interface PendingHost {
  readonly host: string;
  readonly reason: string;
}

/** The result of `weir fleet on|off`. */
export interface FleetSwitched {
  readonly action: 'on' | 'off';
  readonly apps: readonly string[];
  readonly regions: readonly SwitchedRegion[];
  /** Milliseconds from the first write to the last confirmation; null when some are missing. */
  readonly ms: { readonly confirmed: number | null };
}

/** A region whose switch was to be written, and could not be. */
type Failed = RegionFailure & { readonly selected: readonly string[] | null };

/** A region whose switch is written, and the hosts that should carry it out. */
interface Written {
  readonly region: Region;
  /** Null before the hosts were read. */
  selected: readonly string[] | null;
  /** Why the hosts could not be read; null when they could. */
  unread: string | null;
  /** Null for a dry run, and where the switch means nobody. */
  readonly revision: string | null;
  readonly confirmed: Set<string>;
  readonly reasons: Map<string, string>;
  /** Hosts of which nothing can be read: whether the switch is for them cannot be told. */
  unknown: readonly FleetHost[];
}

/**
 * Writes and looks. Throws WEIR1606 (exit 2, nothing written), WEIR1607 and WEIR1603 (exit 3), WEIR1604 (exit 6) and
 * WEIR1608 (exit 6, with the result as details).
 */
export async function switchFleet(
  ports: FleetPorts,
  request: FleetSwitch,
): Promise<{ readonly result: FleetSwitched; readonly isWhole: boolean; readonly warnings: readonly string[] }> {
  const regions = regionsNamed(ports, request.regions);
  const isNarrow = selectorOf(request) !== undefined || request.until !== null;
  // The red button names nobody, and does not wait until ten thousand hosts are read.
  const isButton = request.apps === 'all' && !isNarrow && !request.dryRun;
  const readings = await readRegions(regions, isButton ? onlyPolicies : viewPrefixes);
  const answered = requireSome(readings);
  const views = answered.map(({ view }) => view);
  if (!isButton) requireKnownNames(request, views, unreadOf(readings));
  refusePressed(request, views, ports.now());
  refuseUnread(request, views);
  if (request.signal.aborted) throw interruptedBy(request.signal, 'nothing was written');
  const began = ports.monotonic();
  const written: Written[] = [];
  const failed: Failed[] = [];
  await Promise.all(
    answered.map(async ({ region, view }) => {
      const end = await inRegion(region, async () =>
        request.dryRun ? null : await writeSwitch(ports, region, view, request),
      );
      const selected = isButton ? null : selectedHosts(view, request).map(({ key }) => key);
      const unknown = unreadHosts(view, request);
      if ('failure' in end) {
        failed.push({ ...end.failure, selected });
        return;
      }
      const own = { region, selected, unknown, revision: end.done };
      written.push({ ...own, unread: null, confirmed: new Set(), reasons: new Map() });
    }),
  );
  const unread = unreadOf(readings);
  if (written.length === 0 && failed.every(({ fate }) => fate !== 'unknown'))
    throw writeFailed(failed, 'the change', { unread });
  const isConfirmed = request.dryRun || (await awaitConfirmations(ports, request, written));
  const result: FleetSwitched = {
    action: request.action,
    apps: request.apps === 'all' ? ['*'] : request.apps,
    regions: regions.map((region) => regionResult(region, { written, failed, unread })),
    ms: { confirmed: isConfirmed && !request.dryRun ? ports.monotonic() - began : null },
  };
  if (failed.some(({ fate }) => fate === 'unknown')) {
    const error = writeFailed(failed, 'the change', { details: result });
    throw request.signal.aborted ? interruptedBy(request.signal, error.what, error) : error;
  }
  if (!isConfirmed && request.signal.aborted) throw interrupted(request, result);
  const isWhole = unread.length === 0 && failed.length === 0 && written.every(({ selected }) => selected !== null);
  if (request.waitMs !== null && !isConfirmed) throw notConfirmed(request, result);
  const warnings = [...(isConfirmed ? [] : missingWarnings(result)), ...unknownWarnings(written)];
  return { result, isWhole, warnings };
}

const onlyPolicies = (keys: RegionKeys): readonly string[] => [keys.objects('MeshPolicy')];

function refusePressed(request: FleetSwitch, views: readonly RegionView[], nowMs: number): void {
  if (request.action === 'off' || request.apps === 'all') return;
  for (const view of views) {
    const button = policiesOf(view).find(({ metadata }) => metadata.name === SWITCH_ALL);
    const pressed = button?.spec.rules.find((rule) => rule.state === 'off' && !hasExpired(rule, nowMs));
    if (pressed === undefined) continue;
    throw new WeirError('WEIR1607', {
      what: `the red button of ${view.name} is pressed (MeshPolicy/${SWITCH_ALL}); nothing was changed`,
      why: pressed.reason ?? 'it holds every application off, whatever other policies want',
      hint: '`weir fleet on --all` releases it',
    });
  }
}

/** A switch that cannot be read may hold something off: only an `off` for every host may be written over it. */
function refuseUnread(request: FleetSwitch, views: readonly RegionView[]): void {
  if (request.action === 'off' && selectorOf(request) === undefined && request.until === null) return;
  const names = [SWITCH_ALL, ...(request.apps === 'all' ? [] : request.apps.map(switchName))];
  for (const view of views) {
    const unread = view.objects.find(({ kind, name, reading }) => {
      return kind === 'MeshPolicy' && names.includes(name) && 'error' in reading;
    });
    if (unread === undefined || !('error' in unread.reading)) continue;
    const isAll = unread.name === SWITCH_ALL;
    throw new WeirError('WEIR1600', {
      what: `MeshPolicy/${unread.name} of ${view.name} cannot be read; nothing was changed`,
      why: `${unread.reading.error}: whether it holds ${isAll ? 'every application' : 'the application'} off is not known`,
      hint: `use the weir that wrote it, or write over it with \`weir fleet off ${isAll ? '--all' : unread.name.slice('switch-'.length)}\` first`,
      exit: 3,
    });
  }
}

/** The hosts of which the rule selects an application. */
function selectedHosts(view: RegionView, request: FleetSwitch): FleetHost[] {
  return [...view.hosts.values()].filter((host) => meantApps(host, request).length > 0);
}

/** The hosts of which nothing can be read, but for those whose name the request leaves out. */
function unreadHosts(view: RegionView, request: FleetSwitch): FleetHost[] {
  const names = selectorOf(request)?.names;
  return [...view.hosts.values()].filter(
    ({ name, record, status, damaged }) =>
      damaged !== null && record === null && status === null && (names === undefined || names.includes(name)),
  );
}

function unknownWarnings(written: readonly Written[]): string[] {
  return written.flatMap(({ region, unknown }) =>
    unknown.map(
      ({ key, damaged }) =>
        `${region.name}: ${key}: what it wrote cannot be read (${damaged}): whether the switch is for it cannot be told`,
    ),
  );
}

/** The applications of a host that the rule selects, as the host decides it: a share is of each application's hosts. */
function meantApps(host: FleetHost, request: FleetSwitch): readonly string[] {
  const selector = selectorOf(request);
  const { apps } = request;
  return host.apps.filter((app) => (apps === 'all' || apps.includes(app)) && selects(selector, host, app));
}

/** Looks at the hosts until all have confirmed or the time is over; resolves to whether all have. */
async function awaitConfirmations(
  ports: FleetPorts,
  request: FleetSwitch,
  written: readonly Written[],
): Promise<boolean> {
  const end = ports.monotonic() + (request.waitMs ?? LOOK_MS);
  for (;;) {
    await Promise.all(
      written
        .filter((one) => one.confirmed.size !== one.selected?.length)
        .map((one) => look(request, one, ports.now())),
    );
    if (written.every(({ confirmed, selected }) => confirmed.size === selected?.length)) return true;
    if (ports.monotonic() >= end || request.signal.aborted) return false;
    await ports.sleep(POLL_MS, request.signal).catch(() => undefined);
  }
}

async function look(request: FleetSwitch, one: Written, nowMs: number): Promise<void> {
  const { region, revision, confirmed, reasons } = one;
  let view: RegionView;
  try {
    const { hostStatuses, hosts } = region.keys;
    view = viewRegion(region.name, await region.store.list([hosts, hostStatuses]));
  } catch (error) {
    const why = `whether it is done cannot be told: ${messageOf(error)}`;
    if (one.selected === null) one.unread = why;
    for (const name of one.selected ?? []) reasons.set(name, why);
    return;
  }
  one.selected ??= selectedHosts(view, request).map(({ key }) => key);
  one.unknown = unreadHosts(view, request);
  for (const name of one.selected) {
    const host = view.hosts.get(name);
    const reason = whyPending(host, BigInt(revision ?? 0), request);
    // A rule with an end is over for a host whose clock is ahead of it.
    const clock = request.until === null || host === undefined ? null : clockOf(host, nowMs);
    if (reason === null) confirmed.add(name);
    else reasons.set(name, clock === null ? reason : `${reason}; ${clock}`);
  }
}

/** Null when the host has seen the switch and carried it out. */
function whyPending(host: FleetHost | undefined, revision: bigint, request: FleetSwitch): string | null {
  if (host?.status == null && host?.damaged != null) return `what it wrote cannot be read: ${host.damaged}`;
  if (host?.status == null)
    return host?.record?.stopped == null ? 'silent: its lease has ended' : 'its daemon was stopped';
  const { seen, held, apps, overrides } = host.status;
  if (seen === null || BigInt(seen.revision) < revision) {
    return held === null ? 'it has not seen the change yet' : `it holds the store (${held.why})`;
  }
  const isRelease = request.apps === 'all' && request.action === 'on';
  if (isRelease) return null;
  const wanted = request.action === 'on' ? ['on'] : ['off', 'draining'];
  for (const name of meantApps(host, request)) {
    const app = apps.find((one) => one.name === name);
    if (app === undefined) return `${name}: the host does not say how it is`;
    if (wanted.includes(app.state)) continue;
    const override = overrides.find((one) => one.app === app.name);
    if (override !== undefined)
      return `${app.name}: override ${override.state}${override.reason === null ? '' : `: ${override.reason}`}`;
    return `${app.name} is ${app.state}${app.reason === null ? '' : `: ${app.reason}`}`;
  }
  return null;
}

function regionResult(
  region: Region,
  ends: {
    readonly written: readonly Written[];
    readonly failed: readonly Failed[];
    readonly unread: readonly { region: Region; error: string }[];
  },
): SwitchedRegion {
  const one = ends.written.find((each) => each.region === region);
  const failed = ends.failed.find((each) => each.region === region);
  const unread = ends.unread.find((each) => each.region === region);
  const head = { name: region.name, reachable: unread === undefined };
  if (one === undefined) {
    const error = failed?.error ?? unread?.error ?? null;
    return { ...head, written: false, error, ...told(failed?.selected ?? null, 0, []) };
  }
  const { selected, revision, confirmed, reasons } = one;
  const pending = revision === null ? [] : (selected?.filter((host) => !confirmed.has(host)) ?? []);
  return {
    ...head,
    written: revision !== null,
    error: selected === null ? `it is written; ${one.unread ?? 'its hosts were not read'}` : null,
    ...told(
      selected,
      confirmed.size,
      pending.map((host) => ({ host, reason: reasons.get(host) ?? 'it was not looked at' })),
    ),
  };
}

/** What is told of the hosts of a region. */
function told(
  hosts: readonly string[] | null,
  confirmed: number,
  pending: readonly PendingHost[],
): Pick<SwitchedRegion, 'selected' | 'hosts' | 'confirmed' | 'pending'> {
  if (hosts === null) return { selected: null, hosts: null, confirmed: null, pending: null };
  return { selected: hosts.length, hosts, confirmed, pending };
}

function missingWarnings({ regions }: FleetSwitched): string[] {
  return regions.flatMap(({ name, pending, selected }) => {
    const [first] = pending ?? [];
    if (pending === null || first === undefined) return [];
    const rest = pending.length > 1 ? ` and ${pending.length - 1} more` : '';
    return `${name}: ${pending.length} of ${selected} hosts have not confirmed yet: ${first.host} (${first.reason})${rest}`;
  });
}

/** So many hosts are named. */
const NAMED = 5;

/** Ctrl-C while confirmations are awaited: the switch stands, and hosts go on carrying it out. */
function interrupted(request: FleetSwitch, details: FleetSwitched): WeirError {
  const { regions } = details;
  const written = regions.filter((region) => region.written);
  const notYet = written.flatMap(({ name, pending }) =>
    (pending ?? []).map(({ host, reason }) => `${name}/${host}: ${reason}`),
  );
  const open = [
    ...notYet.slice(0, NAMED),
    ...(notYet.length > NAMED ? [`and ${notYet.length - NAMED} more`] : []),
    ...regions.flatMap(({ name, error }) => (error === null ? [] : [`${name}: ${error}`])),
  ];
  const isRead = written.every(({ selected }) => selected !== null);
  const sum = (key: 'selected' | 'confirmed') => written.reduce((all, region) => all + (region[key] ?? 0), 0);
  const counts = isRead
    ? `${sum('confirmed')} of ${sum('selected')} hosts had confirmed`
    : 'how many hosts have confirmed cannot be told';
  const where = written.map(({ name }) => name).join(', ');
  return interruptedBy(
    request.signal,
    `${request.action} is written in ${where}, and hosts go on carrying it out: ${counts}`,
    {
      why: open.join('; ') || 'hosts had not been asked',
      hint: '`weir fleet status --wait` waits for the rest; nothing has to be written again',
      details,
    },
  );
}

function notConfirmed(request: FleetSwitch, details: FleetSwitched): WeirError {
  const missing = details.regions.flatMap(({ name, pending }) =>
    (pending ?? []).map((one) => ({ region: name, ...one })),
  );
  const [first] = missing;
  return new WeirError('WEIR1608', {
    what:
      first === undefined
        ? `no host could be asked whether ${request.action} is done; the change is written`
        : `${missing.length === 1 ? '1 host' : `${missing.length} hosts`} did not confirm ${request.action} in time; the change is written`,
    why:
      first === undefined
        ? details.regions.flatMap(({ name, error }) => (error === null ? [] : [`${name}: ${error}`])).join('; ')
        : `${first.region}/${first.host}: ${first.reason}`,
    hint: 'see `weir fleet status`; on a host that hangs, `weir off APP` and off.sh work by themselves',
    details,
  });
}
