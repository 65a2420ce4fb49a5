/** What a host says of itself. Pure. */
import type { Decision } from '../model/decide.ts';
import type { HostDaemonIdentity, HostRecord, HostStatus } from '../model/records.ts';
import type { StoreListing } from '../ports.ts';
import type { HostMemory } from './host-memory.ts';
import type { HostPorts, LocalApp, LocalLook, LocalSidecar } from './ports.ts';
import type { HostRules } from './see-store.ts';

type Identity = Pick<HostPorts, 'name' | 'region' | 'labels' | 'weirVersion' | 'identity' | 'pod'>;

/** What the daemon knows at one moment. */
export interface HostMoment {
  readonly look: LocalLook;
  /** Why the host could not be looked at; null when it could. */
  readonly lookProblem: string | null;
  readonly memory: HostMemory;
  /** The store as it was seen last; null before. */
  readonly seen: Pick<StoreListing, 'clusterId' | 'revision'> | null;
  readonly nowMs: number;
  readonly errors: HostRules['errors'];
  readonly busySidecars: ReadonlySet<string>;
  decide(app: string): Decision | null;
  /** Why the last switch of an application failed; null when it did not. */
  failureOf(app: string): string | null;
  /** The switch that cannot be read and may hold the application off; null when there is none. */
  unreadSwitch(app: string): string | null;
}

/** The `Host` record. */
export function hostRecord({ name, region, labels, pod }: Identity, { apps }: LocalLook, nowMs: number): HostRecord {
  return {
    kind: 'Host',
    metadata: { name, region, labels },
    apps: apps.map((app) => app.name),
    lastSeen: new Date(nowMs).toISOString(),
    stopped: null,
    ...(pod !== null && { pod: { name: pod.name, namespace: pod.namespace } }),
  };
}

/** Which daemon this is: the installation is the one that is remembered. */
export function identityOf(
  { identity }: Pick<HostPorts, 'identity'>,
  { instance }: Pick<HostMemory, 'instance'>,
): HostDaemonIdentity {
  return { ...identity, instance: instance ?? identity.instance };
}

/** The `HostStatus` record. */
export function hostStatus({ name, region, labels, weirVersion, identity }: Identity, moment: HostMoment): HostStatus {
  const { look, lookProblem, memory, seen, nowMs, errors } = moment;
  const { held } = memory;
  return {
    kind: 'HostStatus',
    metadata: { name, region, labels },
    status: {
      at: new Date(nowMs).toISOString(),
      weir: weirVersion,
      daemon: identityOf({ identity }, memory),
      seen: seen === null ? null : { clusterId: seen.clusterId, revision: Number(seen.revision) },
      held: held === null ? null : { since: held.since, why: held.why, revision: held.revision, objects: held.objects },
      overrides: look.apps.flatMap(({ name: app, override }) =>
        override === null
          ? []
          : [{ app, state: 'off' as const, since: override.since, by: override.by ?? 'root', reason: override.reason }],
      ),
      apps: look.apps.map((app) => appStatus(app, moment)),
      sidecars: look.sidecars.map((one) => sidecarStatus(one, moment)),
      errors: [
        ...errors,
        ...(lookProblem === null ? [] : [{ object: `Host/${name}`, code: 'WEIR2024', message: lookProblem }]),
      ],
    },
  };
}

function appStatus(app: LocalApp, moment: HostMoment): HostStatus['status']['apps'][number] {
  const decision = moment.decide(app.name);
  const isOverridden = app.override !== null && decision?.state === 'on';
  const override = isOverridden ? `override: ${app.override?.reason ?? 'weir off on this host'}` : null;
  const unread = decision?.state === 'on' && app.state !== 'on' ? moment.unreadSwitch(app.name) : null;
  return {
    name: app.name,
    desired: decision?.state ?? null,
    state: moment.lookProblem === null ? app.state : 'unknown',
    reason:
      override ??
      (unread === null ? null : `${unread} cannot be read, and may hold it off`) ??
      moment.failureOf(app.name) ??
      app.reason,
    policy: decision === null ? null : `MeshPolicy/${decision.policy}`,
    since: app.since,
  };
}

function sidecarStatus(
  sidecar: LocalSidecar,
  { memory, busySidecars }: HostMoment,
): HostStatus['status']['sidecars'][number] {
  const { name, state, version } = sidecar;
  const tried = memory.releases[name];
  const isBusy = busySidecars.has(name);
  return {
    name,
    state: isBusy && state === 'live' ? 'upgrading' : state,
    version,
    release: tried?.release ?? null,
    wave: tried?.wave ?? null,
    outcome: isBusy ? null : (tried?.outcome ?? null),
    error: tried?.error ?? (tried === undefined || isBusy ? null : hasLeft(sidecar, tried)),
    ...(tried === undefined || tried.startedAt === '' ? {} : { startedAt: tried.startedAt }),
  };
}

/** Why a sidecar that a release brought does not run that any more; null when it does, or when it cannot be told. */
function hasLeft({ state, version, brought }: LocalSidecar, tried: HostMemory['releases'][string]): string | null {
  if (tried.outcome === null || state !== 'live' || brought === null) return null;
  const { binarySha256, version: then } = brought;
  if (tried.sha256 !== undefined && binarySha256 !== null && binarySha256 !== tried.sha256)
    return `it has left ${tried.release} since: a later upgrade brought another binary (${binarySha256.slice(0, 12)})`;
  if (version !== null && then !== null && version !== then)
    return `it has left ${tried.release} since: it runs ${version}, and ${then} was brought`;
  return null;
}
