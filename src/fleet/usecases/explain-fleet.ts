/** `weir fleet explain`: why a host, a pod or an application is as it is, and the next step. */
import { WeirError } from '../../errors/weir-error.ts';
import { decide } from '../model/decide.ts';
import type { MeshPolicy } from '../model/object-schemas.ts';
import { hostNameOfPod, OFF_ANNOTATION } from '../model/pod-info.ts';
import { historySchema, readFleetRecord } from '../model/records.ts';
import { type FleetHost, policiesOf, type RegionView, releasesOf } from '../model/region-view.ts';
import { waveOf } from '../model/rollout-machine.ts';
import { StoreFailure } from '../ports.ts';
import { explainPods } from './explain-pod.ts';
import type { DecidedBy, ExplainedApp, ExplainedHost } from './explained.ts';
import {
  type FleetPorts,
  inRegion,
  notAllRead,
  type Region,
  type RegionFailure,
  readRegions,
  regionsNamed,
  requireSome,
  unknownName,
  unreadOf,
} from './fleet.ts';
import { type HostState, hostRow, isAsDesired } from './fleet-status.ts';

/** The result: for a host its own fields, for an application its hosts. */
export type Explained =
  | ({ readonly subject: { readonly kind: 'host' | 'pod'; readonly name: string } } & Omit<ExplainedHost, 'name'>)
  | {
      readonly subject: { readonly kind: 'app'; readonly name: string };
      readonly state: 'ok' | 'differs';
      readonly hosts: readonly ExplainedHost[];
      readonly next: string | null;
    };

/**
 * Explains a host, else an application, else a pod. Throws WEIR1606 when it is none of them; WEIR1603 when no region answers, and when
 * one does not that may know the name.
 */
export async function explainFleet(
  ports: FleetPorts,
  name: string,
  regions: readonly string[] | undefined,
): Promise<{ readonly result: Explained; readonly isGood: boolean; readonly warnings: readonly string[] }> {
  const readings = await readRegions(regionsNamed(ports, regions));
  const answered = requireSome(readings);
  const unread = unreadOf(readings);
  const warnings = unread.map(({ region, error }) => `${region.name} could not be read: ${error}`);
  const explain = async (only: string | null, isMeant: (host: FleetHost) => boolean): Promise<ExplainedHost[]> => {
    const rows = answered.map(async ({ region, view }) => {
      const hosts = [...view.hosts.values()].filter(isMeant);
      const policies = policiesOf(view);
      const explained = hosts.map((host) => explainHost({ view, policies, host }, ports.now(), only));
      return await withWriters(region, view, explained);
    });
    return (await Promise.all(rows)).flat();
  };
  const [host] = await explain(null, (one) => one.key === name);
  if (host !== undefined) {
    const { name: _name, ...rest } = host;
    return { result: { subject: { kind: 'host', name }, ...rest }, isGood: rest.state === 'ok', warnings };
  }
  const hosts = await explain(name, (one) => one.apps.includes(name));
  if (hosts.length === 0) {
    const pods = await podsOf(answered, name);
    if (pods.found.length > 1) throw manyPods(name, pods.found);
    const [pod] = pods.found;
    if (pod !== undefined) {
      const isPods = ({ record }: FleetHost) => record?.pod !== undefined && hostNameOfPod(record.pod) === hostOf(pod);
      const speaking = (await explain(null, isPods)).find(({ region }) => region === pod.region);
      const { name: own, ...rest } = speaking === undefined ? pod : withHost(pod, speaking);
      const subject = { kind: 'pod', name: own } as const;
      return { result: { subject, ...rest }, isGood: rest.state === 'ok', warnings: [...warnings, ...pods.warnings] };
    }
    if (unread.length > 0 || pods.failed.length > 0) throw notAllRead(name, [...unread, ...pods.failed]);
    const all = answered.flatMap(({ view }) => [...view.hosts.values()]);
    const known = [...new Set(all.flatMap((one) => [one.name, ...one.apps]))].sort();
    throw unknownName(
      answered.some(({ region }) => region.cluster) ? 'host, application or pod' : 'host or application',
      name,
      known,
      'the fleet',
    );
  }
  const wrong = hosts.find((one) => one.state !== 'ok');
  const state = wrong === undefined ? 'ok' : 'differs';
  return {
    result: { subject: { kind: 'app', name }, state, hosts, next: wrong?.next ?? null },
    isGood: wrong === undefined && unread.length === 0,
    warnings,
  };
}

/** The pods of a name in the clusters that answered; a cluster whose pods may not be read may have one. */
async function podsOf(
  answered: readonly { readonly region: Region; readonly view: RegionView }[],
  name: string,
): Promise<{
  readonly found: readonly ExplainedHost[];
  readonly failed: readonly RegionFailure[];
  readonly warnings: readonly string[];
}> {
  const failed: RegionFailure[] = [];
  const found = await Promise.all(
    answered.map(async ({ region, view }) => {
      const { cluster } = region;
      if (cluster === undefined) return [];
      const end = await inRegion(region, () => explainPods(cluster, view, name));
      if ('done' in end) return end.done;
      failed.push(end.failure);
      return [];
    }),
  );
  const warnings = failed.map(({ region, error }) => `pods of ${region.name} could not be read: ${error}`);
  return { found: found.flat(), failed, warnings };
}

/** The name of the host that a pod is; pods are `namespace/name`. */
function hostOf({ name }: ExplainedHost): string {
  const [namespace = '', own = ''] = name.split('/');
  return hostNameOfPod({ name: own, namespace });
}

/** A pod in which `weir host run --pod` speaks: what it says of its applications is the pod's. */
function withHost(pod: ExplainedHost, host: ExplainedHost): ExplainedHost {
  const { state, reason, next } = pod.state === 'ok' && host.state !== 'ok' ? host : pod;
  return {
    ...{ ...pod, state, reason, next, ageMs: host.ageMs, apps: host.apps },
    sidecars: pod.sidecars.length > 0 ? pod.sidecars : host.sidecars,
    errors: [...pod.errors, ...host.errors],
  };
}

function manyPods(name: string, found: readonly ExplainedHost[]): WeirError {
  const places = found.map((pod) => `${pod.name} in ${pod.region}`);
  return new WeirError('WEIR1606', {
    what: `there are ${found.length} pods ${name}`,
    why: places.slice(0, 5).join(', '),
    hint: 'say namespace/name, and --region where two regions have it',
    details: { pods: places },
  });
}

/** Adds who wrote the policies that decide, by the entries of their last changes; null where nothing says it. */
async function withWriters(
  region: Region,
  view: RegionView,
  hosts: readonly ExplainedHost[],
): Promise<ExplainedHost[]> {
  const deciding = hosts.flatMap(({ apps }) =>
    apps.flatMap(({ decidedBy: { kind, name } }) => (kind === 'policy' && name !== null ? [name] : [])),
  );
  const found = [...new Set(deciding)].map(async (name) => [name, await writerOf(region, view, name)] as const);
  const writers = new Map(await Promise.all(found));
  return hosts.map((host) => ({
    ...host,
    apps: host.apps.map((app) => {
      const by = app.decidedBy.kind === 'policy' ? writers.get(app.decidedBy.name ?? '') : undefined;
      return by == null ? app : { ...app, decidedBy: { ...app.decidedBy, by } };
    }),
  }));
}

async function writerOf({ store, keys }: Region, view: RegionView, name: string): Promise<string | null> {
  const policy = view.objects.find((one) => one.kind === 'MeshPolicy' && one.name === name);
  if (policy === undefined) return null;
  try {
    const made = await store.madeWith(keys.object('MeshPolicy', name), policy.revision, keys.history);
    const entries = made.flatMap(({ value }) => {
      const reading = readFleetRecord(historySchema, value);
      return reading.state === 'read' ? [reading.value] : [];
    });
    return entries.find((entry) => entry.kind === 'MeshPolicy' && entry.name === name)?.by ?? null;
  } catch (error) {
    if (error instanceof StoreFailure) return null;
    throw error;
  }
}

/** A host with what is needed to explain it. */
interface Explainable {
  readonly view: RegionView;
  readonly policies: readonly MeshPolicy[];
  readonly host: FleetHost;
}

function explainHost(one: Explainable, nowMs: number, only: string | null): ExplainedHost {
  const { view, host } = one;
  const row = hostRow(one.policies, host, nowMs);
  const apps = row.apps
    .filter(({ name }) => only === null || name === only)
    .map(({ name, desired, state, reason }): ExplainedApp => {
      return { name, desired, state, reason, decidedBy: decidedBy(one, name, nowMs) };
    });
  return {
    name: host.key,
    region: view.name,
    state: row.state,
    reason: row.reason,
    ageMs: row.ageMs,
    apps,
    sidecars: host.status?.sidecars ?? [],
    rollouts: rolloutsOf(view, host),
    errors: host.status?.errors ?? [],
    next: nextStep(host, row.state, apps, view.name),
  };
}

function rolloutsOf(view: RegionView, host: FleetHost): ExplainedHost['rollouts'] {
  return releasesOf(view).flatMap((release) => {
    const rollout = view.rollouts.get(release.metadata.name);
    const ownWave = waveOf(release, host);
    if (rollout === undefined || ownWave === null) return [];
    const { release: name, state, wave, reason } = rollout;
    return [{ release: name, state, wave, reason, ownWave }];
  });
}

function decidedBy({ policies, host }: Explainable, app: string, nowMs: number): DecidedBy {
  const override = host.status?.overrides.find((one) => one.app === app);
  if (override !== undefined) {
    return { kind: 'override', name: null, rule: null, by: override.by, reason: override.reason };
  }
  const held = host.status?.held ?? null;
  if (held !== null) {
    const said = host.status?.apps.find(({ name }) => name === app)?.policy ?? null;
    return { kind: 'held', name: said, rule: null, by: null, reason: `the store is held: ${held.why}` };
  }
  const decision = decide(policies, app, host, nowMs);
  if (decision === null) return { kind: 'none', name: null, rule: null, by: null, reason: 'no policy speaks of it' };
  return {
    kind: 'policy',
    name: decision.policy,
    rule: decision.rule,
    by: null,
    reason: decision.reason,
  };
}

function nextStep(
  { key: host, twins, record }: FleetHost,
  state: HostState,
  apps: readonly ExplainedApp[],
  region: string,
): string | null {
  if (twins.length > 0)
    return 'on one of the two machines: another host.name in fleet.yaml, then start weir host run again';
  const wrong = apps.find((app) => !isAsDesired(app));
  switch (state) {
    case 'ok':
      return null;
    case 'held':
      return `weir fleet confirm --region ${region}`;
    case 'silent':
      return `on ${host}: see whether weir host run runs and reaches the store`;
    case 'stopped':
      return `on ${host}: weir host run`;
    case 'override':
      if (record?.pod !== undefined && apps.some(({ decidedBy: { by } }) => by === 'annotation'))
        return `kubectl annotate pod -n ${record.pod.namespace} ${record.pod.name} ${OFF_ANNOTATION}-`;
      return `on ${host}: weir host follow ${apps.find(({ decidedBy: { kind } }) => kind === 'override')?.name ?? ''}`.trimEnd();
    case 'differs':
      return wrong === undefined ? `on ${host}: weir status` : `on ${host}: weir status ${wrong.name}`;
    default:
      return state satisfies never;
  }
}
