/** `weir fleet status`: what every host says of itself, beside what the policies want of it. */
import { interruptedBy } from '../../errors/interrupted-by.ts';
import { WeirError } from '../../errors/weir-error.ts';
import { humanDuration } from '../../platform/duration.ts';
import { decide } from '../model/decide.ts';
import type { MeshPolicy } from '../model/object-schemas.ts';
import type { Rollout } from '../model/records.ts';
import { type FleetHost, policiesOf, type RegionView, type StoredObject } from '../model/region-view.ts';
import { type FleetPorts, readRegions, regionsNamed, unknownName } from './fleet.ts';

/** The states of a host. */
export const HOST_STATES = ['ok', 'differs', 'override', 'held', 'silent', 'stopped'] as const;
/** The state of a host. */
export type HostState = (typeof HOST_STATES)[number];

/** A host's time may be so much in the future, and, while it lives, in the past, before its clock is called another, in ms. */
const [CLOCK_AHEAD_MS, CLOCK_BEHIND_MS] = [10_000, 120_000] as const;

/** An application on a host. */
export interface HostApp {
  readonly name: string;
  /** By the policies of the store; null when none speaks. */
  readonly desired: string | null;
  readonly state: string;
  readonly reason: string | null;
  readonly override: string | null;
}

/** A host in a status. */
export interface HostRow {
  readonly name: string;
  readonly state: HostState;
  readonly ageMs: number | null;
  /** How its clock stands to this station's; null when no difference is seen. */
  readonly clock: string | null;
  readonly reason: string | null;
  readonly labels: Readonly<Record<string, string>>;
  readonly apps: readonly HostApp[];
}

/** An application of a region. */
export interface AppRow {
  readonly name: string;
  /** How many hosts have it. */
  readonly hosts: number;
  /** How many of them are as the fleet wants them, and still say so. */
  readonly asDesired: number;
  /** Hosts by the state of the application on them; `silent` and `stopped` for those that do not speak, whatever they said last. */
  readonly counts: Readonly<Record<string, number>>;
}

/** A region in a status. */
export interface RegionRow {
  readonly name: string;
  readonly reachable: boolean;
  readonly error: string | null;
  readonly store: { readonly kind: string; readonly revision: number | null; readonly leader: string | null };
  readonly apps: readonly AppRow[];
  readonly hosts: readonly HostRow[];
  readonly objects: readonly {
    readonly kind: string;
    readonly name: string;
    readonly ok: boolean;
    readonly error: string | null;
  }[];
  readonly releases: readonly (Pick<Rollout, 'state' | 'wave' | 'reason'> & { readonly name: string })[];
}

/** The whole of it. */
export interface FleetStatus {
  readonly regions: readonly RegionRow[];
}

/** Reads all regions. Throws WEIR1606 for an application or region that nobody knows. */
export async function fleetStatus(
  ports: FleetPorts,
  { app, regions }: { readonly app: string | null; readonly regions: readonly string[] | undefined },
): Promise<{ readonly result: FleetStatus; readonly isGood: boolean; readonly warnings: readonly string[] }> {
  const readings = await readRegions(regionsNamed(ports, regions));
  const views = readings.flatMap((reading) => ('view' in reading ? [reading.view] : []));
  if (app !== null) {
    const known = [...new Set(views.flatMap((view) => [...view.hosts.values()].flatMap((host) => host.apps)))].sort();
    if (views.length > 0 && !known.includes(app)) throw unknownName('application', app, known, 'the fleet');
  }
  const rows = readings.map(({ region, ...reading }): RegionRow => {
    if ('error' in reading) {
      const store = { kind: region.kind, revision: null, leader: null };
      return {
        name: region.name,
        reachable: false,
        error: reading.error,
        store,
        apps: [],
        hosts: [],
        objects: [],
        releases: [],
      };
    }
    return { ...regionRow(reading.view, app, ports.now()), store: storeRow(region.kind, reading.view) };
  });
  const isGood = rows.every(
    ({ reachable, hosts, objects }) =>
      reachable && hosts.every(({ state }) => state === 'ok') && objects.every(({ ok }) => ok),
  );
  return { result: { regions: rows }, isGood, warnings: rows.flatMap(clockWarning) };
}

/** Ages, and rules with an end, are told by clocks that have to agree. */
function clockWarning({ name, hosts }: RegionRow): string[] {
  const other = hosts.filter(({ clock }) => clock !== null);
  const [first] = other;
  if (first === undefined) return [];
  const rest = other.length > 1 ? ` and ${other.length - 1} more` : '';
  return [`${name}: ${first.name}: ${first.clock}${rest}: rules with an end (--until) end by the clock of each host`];
}

/** The error of `--wait`, with the last status as details; `waited` is a duration as people read it. */
export function notAsDesired(details: FleetStatus, waited: string): WeirError {
  const { count, why } = wrongOf(details);
  return new WeirError('WEIR1613', {
    what: `${count} not as desired after ${waited}`,
    why,
    hint: 'see `weir fleet status`, and `weir fleet explain HOST` for the next step',
    details,
  });
}

/** Ctrl-C during `--wait`, with the last status as details. */
export function interruptedWait(signal: AbortSignal, details: FleetStatus): WeirError {
  const { count, why } = wrongOf(details);
  return interruptedBy(signal, `${count} not as desired yet; hosts go on by themselves`, {
    why,
    hint: '`weir fleet status` shows how far they are, and `weir fleet explain HOST` the next step',
    details,
  });
}

function wrongOf(details: FleetStatus): { readonly count: string; readonly why: string } {
  const wrong = details.regions.flatMap(({ name, error, hosts, objects }) => [
    ...(error === null ? [] : [`${name} is unreachable: ${error}`]),
    ...hosts.flatMap((host) => (host.state === 'ok' ? [] : [`${name}/${host.name}: ${host.reason ?? host.state}`])),
    ...objects.flatMap((one) => (one.ok ? [] : [`${name}: ${one.kind}/${one.name}: ${one.error}`])),
  ]);
  return {
    count: `${wrong.length} ${wrong.length === 1 ? 'thing is' : 'things are'}`,
    why: `${wrong.slice(0, 3).join('; ')}${wrong.length > 3 ? `; and ${wrong.length - 3} more` : ''}`,
  };
}

function storeRow(kind: string, { revision, leader }: RegionView): RegionRow['store'] {
  return { kind, revision: Number(revision), leader: leader?.holder ?? null };
}

/** A region that answered, without its store. */
export function regionRow(view: RegionView, app: string | null, nowMs: number): Omit<RegionRow, 'store'> {
  const policies = policiesOf(view);
  const hosts = [...view.hosts.values()].map((host) => hostRow(policies, host, nowMs));
  const shown = app === null ? hosts : hosts.filter((host) => host.apps.some(({ name }) => name === app));
  return {
    name: view.name,
    reachable: true,
    error: null,
    apps: appRows(shown, app),
    hosts: shown.map((host) => (app === null ? host : { ...host, apps: host.apps.filter(({ name }) => name === app) })),
    objects: [
      ...view.objects.map((object) => objectRow(object, view)),
      ...view.damaged.map(({ kind, name, why }) => ({ kind, name, ok: false, error: why })),
    ],
    releases: [...view.rollouts.values()].map(({ release, state, wave, reason }) => ({
      name: release,
      state,
      wave,
      reason,
    })),
  };
}

/** One host by what it says itself and by what the policies of the store want. */
export function hostRow(policies: readonly MeshPolicy[], host: FleetHost, nowMs: number): HostRow {
  const ageMs = ageOf(host, nowMs);
  const apps = host.apps.map((name): HostApp => {
    const decision = decide(policies, name, host, nowMs);
    const said = host.status?.apps.find((one) => one.name === name);
    const override = host.status?.overrides.find((one) => one.app === name);
    return {
      name,
      desired: decision?.state ?? null,
      state: said?.state ?? 'unknown',
      reason: said?.reason ?? null,
      override:
        override === undefined ? null : `${override.state}${override.reason === null ? '' : `: ${override.reason}`}`,
    };
  });
  const clock = clockOf(host, nowMs);
  return { name: host.key, ...hostState(host, apps, { ageMs, clock }), ageMs, clock, labels: host.labels, apps };
}

/** Null where the host never said a time, or one that has not come yet: then its clock is not this one's. */
function ageOf(host: FleetHost, nowMs: number): number | null {
  const last = lastWord(host);
  return last === null || last > nowMs + CLOCK_AHEAD_MS ? null : Math.max(0, nowMs - last);
}

function lastWord({ record, status }: FleetHost): number | null {
  const times = [record?.lastSeen, status?.at].flatMap((time) => (time === undefined ? [] : [Date.parse(time)]));
  const last = Math.max(...times.filter((time) => !Number.isNaN(time)));
  return Number.isFinite(last) ? last : null;
}

/**
 * How the clock of a host stands to this one; null when it is as far as can be seen the same. A host that lives rewrites
 * its status at least each 30 s.
 */
export function clockOf(host: FleetHost, nowMs: number): string | null {
  const last = lastWord(host);
  if (last === null) return null;
  if (last > nowMs + CLOCK_AHEAD_MS) return `its clock is ${humanDuration(last - nowMs)} ahead of this station's`;
  if (host.status === null || nowMs - last < CLOCK_BEHIND_MS) return null;
  return `its clock is about ${humanDuration(nowMs - last)} behind this station's`;
}

function hostState(
  host: FleetHost,
  apps: readonly HostApp[],
  { ageMs, clock }: Pick<HostRow, 'ageMs' | 'clock'>,
): Pick<HostRow, 'state' | 'reason'> {
  const { status, record, damaged } = host;
  if (status === null) {
    if (damaged !== null) return { state: 'differs', reason: `what it wrote cannot be read: ${damaged}` };
    if (record?.stopped != null) return { state: 'stopped', reason: `its daemon was stopped at ${record.stopped}` };
    const age = ageMs === null ? '' : ` for ${humanDuration(ageMs)}`;
    return { state: 'silent', reason: `no word${age}: its lease has ended${clock === null ? '' : `; ${clock}`}` };
  }
  if (host.twins.length > 0) return { state: 'differs', reason: twinsReason(host) };
  if (status.held !== null) {
    const { why, objects } = status.held;
    return {
      state: 'held',
      reason: `it holds the store (${why}: ${objects.before} objects before, ${objects.now} now)`,
    };
  }
  const blind = status.errors.find(({ object }) => object === `Host/${host.name}`);
  if (blind !== undefined) return { state: 'differs', reason: `it cannot look at itself: ${blind.message}` };
  const wrong = apps.filter((app) => !isAsDesired(app));
  const differs = wrong.find(({ override }) => override === null);
  if (differs !== undefined) {
    const why = differs.reason === null ? '' : `: ${differs.reason}`;
    const ends = clock === null ? '' : `; ${clock}, and rules with an end are judged by it`;
    return { state: 'differs', reason: `${differs.name} is ${differs.state}, wanted ${differs.desired}${why}${ends}` };
  }
  const [overridden] = wrong;
  if (overridden !== undefined) {
    return {
      state: 'override',
      reason: `${overridden.name} is ${overridden.state} by an override on the host${overrideReason(overridden)}`,
    };
  }
  const failed = status.sidecars.find(({ error }) => error !== null);
  if (failed !== undefined) return { state: 'differs', reason: `sidecar ${failed.name}: ${failed.error}` };
  return { state: 'ok', reason: null };
}

function twinsReason({ key, name, twins, status }: FleetHost): string {
  const machine = status?.daemon?.machine ?? 'its machine';
  return key === name
    ? `${twins.join(', ')} says that it is ${name} too, and so does ${machine}: give one of them another host.name`
    : `${machine} was given the name ${name}, which ${twins.join(', ')} has: give one of them another host.name`;
}

/** The reason of an override, without its state. */
function overrideReason({ override }: HostApp): string {
  const at = override?.indexOf(': ') ?? -1;
  return at === -1 ? '' : `: ${override?.slice(at + 2)}`;
}

/** Whether the application is as the policies want it; what none speaks of is. */
export function isAsDesired({ desired, state }: Pick<HostApp, 'desired' | 'state'>): boolean {
  if (desired === null) return true;
  return desired === 'on' ? state === 'on' : state === 'off' || state === 'draining';
}

function appRows(hosts: readonly HostRow[], only: string | null): AppRow[] {
  const rows = new Map<string, { hosts: number; asDesired: number; counts: Record<string, number> }>();
  for (const host of hosts) {
    for (const app of host.apps) {
      if (only !== null && app.name !== only) continue;
      const row = rows.get(app.name) ?? { hosts: 0, asDesired: 0, counts: {} };
      // The state of a host that does not speak is not known, whatever it said last.
      const state = host.state === 'silent' || host.state === 'stopped' ? host.state : app.state;
      row.hosts += 1;
      if (state === app.state && isAsDesired(app)) row.asDesired += 1;
      row.counts[state] = (row.counts[state] ?? 0) + 1;
      rows.set(app.name, row);
    }
  }
  return [...rows].sort(([a], [b]) => (a < b ? -1 : 1)).map(([name, row]) => ({ name, ...row }));
}

function objectRow({ kind, name, reading }: StoredObject, view: RegionView): RegionRow['objects'][number] {
  const error = 'error' in reading ? reading.error : strangerOf(reading.object, view);
  return { kind, name, ok: error === null, error };
}

/** The application or host that an object names and no host of the region knows; null when there is none. */
function strangerOf(
  object: Extract<StoredObject['reading'], { object: unknown }>['object'],
  view: RegionView,
): string | null {
  const hosts = [...view.hosts.values()];
  if (object.kind === 'MeshPolicy') {
    for (const app of object.spec.apps) {
      if (app !== '*' && !hosts.some((host) => host.apps.includes(app))) return `no host has the application ${app}`;
    }
  }
  const selectors =
    object.kind === 'MeshPolicy'
      ? object.spec.rules.map((rule) => rule.hosts)
      : object.kind === 'SidecarRelease'
        ? [object.spec.hosts, ...object.spec.waves]
        : [];
  for (const name of selectors.flatMap((selector) => selector?.names ?? [])) {
    if (!view.hosts.has(name)) return `there is no host ${name}`;
  }
  return null;
}
