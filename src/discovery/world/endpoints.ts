/** The endpoints of an application: what both registry layouts say, merged by address. */
import { type Contribution, instanceContributions, providerContribution } from './contribution.ts';
import { formatAddress } from './read-address.ts';
import type { Layout } from './registry-node.ts';
import { Sharing } from './sharing.ts';
import type { World } from './world.ts';

/** One address of an application and protocol. */
export interface Endpoint {
  readonly app: string;
  readonly address: string;
  readonly port: number;
  readonly protocol: string;
  /** The instance's metadata, and the parameters of its revision or URL; `allLabels` has the time of its start, too. */
  readonly labels: Readonly<Record<string, string>>;
  /** `timestamp` of its instance as registered, where it has one: apart, so that equal instances share `labels`. */
  readonly timestamp?: string;
  /** The value of the unit label; null without one. */
  readonly unit: string | null;
  /** 0 to 1,000,000; 100 where nothing usable is written. */
  readonly weight: number;
  readonly layouts: readonly Layout[];
  /** The services that it offers, by `formatServiceKey`; null while its revision's metadata could not be read. */
  readonly services: ReadonlySet<string> | null;
  /** Services that are registered as disabled, where there are any: Dubbo does not call them. */
  readonly disabled?: ReadonlySet<string>;
  /** Why calls to it cannot pass Envoy's Dubbo filter, else null. */
  readonly straight: string | null;
  /** The registries that have it, in the order of mesh.yaml. */
  readonly registries: readonly string[];
}

/** By what an endpoint is known: one for each protocol and address of an application. */
export function endpointKey({ protocol, address, port }: Pick<Endpoint, 'protocol' | 'address' | 'port'>): string {
  return `${protocol} ${formatAddress(address, port)}`;
}

/** All that is registered of an endpoint by keys, as Dubbo's rules see it. */
export function allLabels({ labels, timestamp }: Pick<Endpoint, 'labels' | 'timestamp'>): Endpoint['labels'] {
  return timestamp === undefined ? labels : { ...labels, timestamp };
}

/** The parts of one address, in the order of the registries. */
interface Draft {
  readonly parts: Contribution[];
  readonly registries: Set<string>;
}

const DEFAULT_WEIGHT = 100;
const MAX_WEIGHT = 1_000_000;

/** The endpoints of an application, sorted by address and port. `unitLabel` names the label that holds the unit. */
export function endpointsOf(world: World, app: string, unitLabel: string | null): readonly Endpoint[] {
  const drafts = new Map<string, Draft>();
  const add = (registry: string, part: Contribution): void => {
    const key = endpointKey(part);
    const draft = drafts.get(key) ?? { parts: [], registries: new Set() };
    drafts.set(key, draft);
    draft.parts.push(part);
    draft.registries.add(registry);
  };
  for (const { registry, node } of world.instancesOf(app)) {
    const revision = node.revision === '' ? null : world.revisionOf(app, node.revision);
    for (const part of instanceContributions(node, revision)) add(registry, part);
  }
  for (const { registry, node } of world.providersOf(app)) add(registry, providerContribution(node));
  const endpoints = [...drafts.values()].map((draft) => finish(app, draft, unitLabel));
  return withoutMixed(endpoints).toSorted((a, b) =>
    a.address < b.address ? -1 : a.address > b.address ? 1 : a.port - b.port,
  );
}

/**
 * A port that speaks several protocols (`ext-protocol` of Dubbo 3.3) tells by its address not which one a connection brings:
 * none of them can be read there.
 */
function withoutMixed(endpoints: readonly Endpoint[]): readonly Endpoint[] {
  const [first] = endpoints;
  // An address and protocol is there once: with one protocol nothing is mixed, and this is asked at every change.
  if (endpoints.every(({ protocol }) => protocol === first?.protocol)) return endpoints;
  const byAddress = Map.groupBy(endpoints, ({ address, port }) => formatAddress(address, port));
  return [...byAddress.values()].flatMap((same) => {
    if (same.length === 1) return same;
    const straight = `the protocols ${same.map(({ protocol }) => protocol).join(' and ')} on one port`;
    return same.map((endpoint) => ({ ...endpoint, straight: endpoint.straight ?? straight }));
  });
}

const sharedNames = new Sharing<readonly string[]>();

/** The endpoints of addresses that one node tells: the same part gives the same object. */
const single = new WeakMap<Contribution, Endpoint>();

function finish(app: string, { parts, registries }: Draft, unitLabel: string | null): Endpoint {
  const [first] = parts as [Contribution];
  const names = sharedNames.of([...registries].join(), [...registries]);
  if (parts.length > 1) return merge(app, parts, names, unitLabel);
  const known = single.get(first);
  const isSame = known?.app === app && known.registries[0] === names[0];
  if (known !== undefined && isSame && known.unit === unitOf(first.labels, unitLabel)) return known;
  const endpoint = merge(app, parts, names, unitLabel);
  single.set(first, endpoint);
  return endpoint;
}

function merge(
  app: string,
  parts: readonly Contribution[],
  registries: readonly string[],
  unitLabel: string | null,
): Endpoint {
  const [{ address, port, protocol }] = parts as [Contribution];
  // The first registry decides the labels: the others only add what it does not say.
  const labels =
    parts.length === 1 ? (parts[0]?.labels ?? {}) : Object.assign({}, ...parts.toReversed().map((part) => part.labels));
  const timestamp = parts.find((part) => part.timestamp !== undefined)?.timestamp;
  const services = servicesOf(parts);
  const disabled = parts.flatMap((part) => [...part.disabled]).filter((key) => services?.has(key) !== true);
  return {
    ...{ app, address, port, protocol, labels, registries, services },
    ...(timestamp === undefined ? {} : { timestamp }),
    ...(disabled.length === 0 ? {} : { disabled: new Set(disabled) }),
    straight: parts.find(({ straight }) => straight !== null)?.straight ?? null,
    unit: unitOf(labels, unitLabel),
    weight: readWeight(labels.weight),
    layouts: layoutsOf(parts),
  };
}

const APPLICATION: readonly Layout[] = ['application'];
const INTERFACE: readonly Layout[] = ['interface'];
const BOTH: readonly Layout[] = ['application', 'interface'];

function layoutsOf(parts: readonly Contribution[]): readonly Layout[] {
  const isApplication = parts.some(({ layout }) => layout === 'application');
  const isInterface = parts.some(({ layout }) => layout === 'interface');
  return isApplication && isInterface ? BOTH : isApplication ? APPLICATION : INTERFACE;
}

/** Null only while no part of the address knows its services. */
function servicesOf(parts: readonly Contribution[]): ReadonlySet<string> | null {
  const known = parts.flatMap(({ services }) => services ?? []);
  if (known.length <= 1) return known[0] ?? null;
  return new Set(known.flatMap((services) => [...services]));
}

function unitOf(labels: Readonly<Record<string, string>>, unitLabel: string | null): string | null {
  return unitLabel === null ? null : (labels[unitLabel] ?? null);
}

/** Dubbo's default is 100. Rubbish must not become a weight that Envoy rejects. */
function readWeight(text: string | undefined): number {
  if (text === undefined || !/^\d+$/.test(text)) return DEFAULT_WEIGHT;
  return Math.min(Number(text), MAX_WEIGHT);
}
