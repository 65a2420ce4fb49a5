/** Turns checked entries of mesh.yaml into the exact types of `mesh-config.ts`. */
import type * as z from 'zod/mini';
import { type AccountKey, distinctAccounts } from './account.ts';
import { buildConsumes } from './build-discovery.ts';
import { mergeCidrs } from './cidr.ts';
import type {
  AccountRef,
  AppConfig,
  AppSelector,
  Cidr,
  NotifyTarget,
  PortRange,
  SidecarCheck,
  SidecarConfig,
  SidecarProcess,
  TrafficScope,
} from './mesh-config.ts';
import type { appSchema, sidecarSchema } from './mesh-schema.ts';
import { mergePortRanges } from './port-range.ts';
import type { SelectorKindName } from './selector-kinds.ts';
import type { PositionOf, SourcePosition } from './source-position.ts';
import type { ConfigPath } from './yaml/config-problem.ts';

type RawSidecar = z.output<typeof sidecarSchema>;
type RawApp = z.output<typeof appSchema>;
type RawScope = Exclude<RawApp['outbound'], false | undefined>;

/** The exact form of one checked entry under `sidecars`. */
export function buildSidecar(name: string, raw: RawSidecar, positionOf: PositionOf): SidecarConfig {
  const path = ['sidecars', name];
  const account = (key: 'user' | 'group') => accountRef(raw[key], positionOf([...path, key]));
  const process = buildProcess(raw);
  return {
    name,
    ...optional('user', account('user')),
    ...optional('group', account('group')),
    ...optional('outbound', raw.outbound),
    ...optional('inbound', raw.inbound),
    mode: raw.mode,
    admin: raw.admin,
    readyPath: raw.ready,
    ...optional('process', process),
    position: positionOf(path, 'key'),
  };
}

/** The exact form of one checked entry under `apps`; undefined if its selector is not checked after all. */
export function buildApp(name: string, raw: RawApp, positionOf: PositionOf): AppConfig | undefined {
  const path = ['apps', name];
  const select = buildSelector(raw.select, [...path, 'select'], positionOf);
  if (select === undefined) return undefined;
  return {
    name,
    select,
    sidecar: raw.sidecar,
    outbound: raw.outbound === false ? null : buildScope(raw.outbound ?? {}),
    inbound: raw.inbound === false || raw.inbound === undefined ? null : buildScope(raw.inbound),
    onFailure: raw.onFailure,
    leaseMs: raw.lease ?? null,
    ...optional('consumes', raw.consumes === undefined ? undefined : buildConsumes(raw.consumes)),
    ...optional('rules', raw.rules),
    position: positionOf(path, 'key'),
  };
}

/** The rules across keys see to it that binary and bootstrap come together. */
function buildProcess(raw: RawSidecar): SidecarProcess | undefined {
  const { binary, bootstrap, concurrency, drain: drainMs } = raw;
  if (binary === undefined || bootstrap === undefined) return undefined;
  const notify = raw.notify && {
    consumer: notifyTarget(raw.notify.consumer),
    provider: notifyTarget(raw.notify.provider),
  };
  return {
    ...{ binary, bootstrap, concurrency, drainMs },
    ...optional('args', raw.args),
    ...optional('env', raw.env),
    ...optional('capabilities', raw.capabilities),
    ...optional('sha256', raw.sha256),
    ...optional('check', sidecarCheck(raw.check)),
    ...optional('bakeMs', raw.bake),
    ...optional('bakeBytes', raw.bakeMemory),
    ...optional('drainSpreadMs', raw.drainSpread),
    ...optional('notify', notify),
  };
}

function sidecarCheck(raw: RawSidecar['check']): SidecarCheck | undefined {
  if (raw?.http !== undefined) return { kind: 'http', url: raw.http };
  const [program, ...args] = raw?.exec ?? [];
  return program === undefined ? undefined : { kind: 'exec', argv: [program, ...args] };
}

function notifyTarget(
  raw: { http?: string | undefined; exec?: string[] | undefined; dubboQos?: number | undefined } | undefined,
): NotifyTarget | null {
  if (raw?.dubboQos !== undefined) return { kind: 'dubbo-qos', port: raw.dubboQos };
  if (raw?.http !== undefined) return { kind: 'http', url: raw.http };
  const [program, ...args] = raw?.exec ?? [];
  return program === undefined ? null : { kind: 'exec', argv: [program, ...args] };
}

/** `user` and `users` mean the same; a selector of no kind or several is a problem of check-entry.ts already. */
function buildSelector(raw: RawApp['select'], path: ConfigPath, positionOf: PositionOf): AppSelector | undefined {
  const positionAt: PositionAt = (...below) => positionOf([...path, ...below]);
  return Object.values(SELECTOR_BUILDERS)
    .map((build) => build(raw, positionAt))
    .find((select) => select !== undefined);
}

type PositionAt = (...below: readonly (string | number)[]) => SourcePosition;

/** One a kind: each makes its own selector out of its keys, or nothing when they are not there. */
const SELECTOR_BUILDERS = {
  users({ user, users }, positionAt) {
    if (user !== undefined) return { kind: 'users', users: [withPosition(user, positionAt('user'))] };
    const refs = users?.map((one, index) => withPosition(one, positionAt('users', index)));
    return refs === undefined ? undefined : { kind: 'users', users: distinctAccounts(refs) };
  },
  group: ({ group }, positionAt) =>
    group === undefined ? undefined : { kind: 'group', group: withPosition(group, positionAt('group')) },
  slice: ({ slice }) => (slice === undefined ? undefined : { kind: 'slice', slice }),
  all: ({ all }) => (all === true ? { kind: 'all' } : undefined),
} as const satisfies {
  [Kind in SelectorKindName]: (
    raw: RawApp['select'],
    positionAt: PositionAt,
  ) => Extract<AppSelector, { kind: Kind }> | undefined;
};

/** Both directions have the same form, so that one compiler serves both. */
function buildScope(raw: RawScope): TrafficScope {
  return {
    ports: everyPort(mergePortRanges(raw.ports ?? [])),
    cidrs: everywhere(mergeCidrs(raw.cidrs ?? [])),
    exclude: { ports: mergePortRanges(raw.exclude?.ports ?? []), cidrs: mergeCidrs(raw.exclude?.cidrs ?? []) },
  };
}

/** 1-65535 says what the empty list says: one form for one meaning. */
function everyPort(ports: readonly PortRange[]): readonly PortRange[] {
  return ports[0]?.from === 1 && ports[0].to === 65_535 ? [] : ports;
}

/** 0.0.0.0/0 with ::/0 says what the empty list says; one of them alone leaves the other family out. */
function everywhere(cidrs: readonly Cidr[]): readonly Cidr[] {
  return cidrs.length === 2 && cidrs.every(({ text }) => text.endsWith('/0')) ? [] : cidrs;
}

function accountRef(key: AccountKey | undefined, position: SourcePosition): AccountRef | undefined {
  return key === undefined ? undefined : withPosition(key, position);
}

function withPosition(key: AccountKey, position: SourcePosition): AccountRef {
  return { ...key, position };
}

/** `{[key]: value}`, or nothing for undefined: an optional key of the config is absent, never undefined. */
function optional<K extends string, V>(key: K, value: V | undefined): { [P in K]?: V } {
  return value === undefined ? {} : ({ [key]: value } as { [P in K]?: V });
}
