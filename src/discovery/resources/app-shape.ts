/** What Envoy can do with the endpoints of one application: groups of them that offer the same, and addresses it may read. */
import { createHash } from 'node:crypto';
import type { UnitConfig } from '../../mesh/discovery-config.ts';
import type { Endpoint } from '../world/endpoints.ts';
import { formatAddress } from '../world/read-address.ts';
import { type ChainName, chainOf } from './chains.ts';
import { unitPriority, unitView } from './unit-view.ts';

/** One member of a cluster. */
export interface ClusterMember {
  readonly address: string;
  readonly port: number;
  /** At least 1. */
  readonly weight: number;
  /** 0, or 1 for a member of another unit that takes over when too few of the own one are left. */
  readonly priority: 0 | 1;
}

/** An address whose connections are read. */
export interface ReadAddress {
  readonly address: string;
  readonly port: number;
}

/** The instances of an application that offer the same services. */
export interface ServiceProfile {
  /** The application and a hash of the services: the same for the same set. */
  readonly id: string;
  readonly app: string;
  readonly services: ReadonlySet<string>;
  /** By address, sorted; those with weight 0 are left out. */
  readonly members: readonly ClusterMember[];
}

/** The shape of one application for one chain. */
export interface AppShape {
  readonly app: string;
  readonly profiles: readonly ServiceProfile[];
  /** By port, the addresses to read. */
  readonly ports: ReadonlyMap<number, ReadonlySet<string>>;
}

/** Addresses that cannot be read, of all applications. Null where there are none: no text is made of each address then. */
interface OpaqueAddresses {
  has(address: string): boolean;
}

const ids = new WeakMap<ReadonlySet<string>, string>();

/** Addresses that cannot be read for one of their services, of whatever application: it makes the connection opaque. */
export function opaqueAddresses(endpoints: readonly Endpoint[]): readonly string[] {
  return endpoints.filter(({ straight }) => straight !== null).map(addressOf);
}

/** The endpoints that are there for this host and whose connections a chain reads. */
export function readableEndpoints(
  endpoints: readonly Endpoint[],
  chain: ChainName,
  unit: UnitConfig | undefined,
  opaque: OpaqueAddresses | null,
): readonly Endpoint[] {
  const ofChain = unitView(endpoints, unit).filter(({ protocol }) => chainOf(protocol) === chain);
  return opaque === null ? ofChain : ofChain.filter((one) => !opaque.has(addressOf(one)));
}

/**
 * The shape of an application for a chain; its endpoints are sorted by address. `opaque` has the addresses of all
 * applications.
 */
export function shapeOf(
  app: string,
  endpoints: readonly Endpoint[],
  chain: ChainName,
  unit: UnitConfig | undefined,
  opaque: OpaqueAddresses | null,
): AppShape {
  const read = readableEndpoints(endpoints, chain, unit, opaque);
  const drafts = new Map<string, { readonly services: ReadonlySet<string>; readonly members: ClusterMember[] }>();
  for (const endpoint of read) {
    const { services, weight, address, port } = endpoint;
    if (services === null || weight === 0) continue;
    const id = `${app}|${hashOf(services)}`;
    const draft = drafts.get(id) ?? { services, members: [] };
    drafts.set(id, draft);
    draft.members.push({ address, port, weight, priority: unitPriority(endpoint, unit) });
  }
  return {
    app,
    ports: portsOf(read),
    profiles: [...drafts].map(([id, draft]) => ({ id, app, ...draft })),
  };
}

function portsOf(read: readonly ReadAddress[]): ReadonlyMap<number, ReadonlySet<string>> {
  const ports = Map.groupBy(read, ({ port }) => port);
  return new Map([...ports].map(([port, members]) => [port, new Set(members.map(({ address }) => address))] as const));
}

function hashOf(services: ReadonlySet<string>): string {
  const known = ids.get(services);
  if (known !== undefined) return known;
  const id = shortHash([...services].toSorted().join('\n'));
  ids.set(services, id);
  return id;
}

/** 12 hexadecimal digits of a text: as the name of a set of services it need not be secret, only distinct. */
export function shortHash(text: string): string {
  return createHash('sha256').update(text).digest('hex').slice(0, 12);
}

function addressOf({ address, port }: ReadAddress): string {
  return formatAddress(address, port);
}
