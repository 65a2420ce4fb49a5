/** Turns nodes of ZooKeeper into registry events, by their paths. */
import { readInstanceNode } from '../../world/read-instance.ts';
import { readRevisionMetadata } from '../../world/read-metadata.ts';
import { readProviderUrl } from '../../world/read-provider-url.ts';
import type { RegistryEvent } from '../../world/registry-event.ts';
import type { InstanceNode, NodeFault, ReadNode } from '../../world/registry-node.ts';
import { instancesPath, metadataPath, providersPath, type ZooKeeperRoots } from './paths.ts';

/** Stands for the value of a node that its access list keeps from weir. */
export const NO_ACCESS = Symbol('no access');

/** The value of a node as far as it could be read. */
export type NodeValue = string | typeof NO_ACCESS;

/** The event of one instance; `value` is null when the node is gone. */
export function instanceEvent(
  registry: string,
  roots: ZooKeeperRoots,
  { app, id, value }: { readonly app: string; readonly id: string; readonly value: NodeValue | null },
): RegistryEvent {
  const place = `${instancesPath(roots, app)}/${id}`;
  return { registry, kind: 'instance', app, id, read: value === null ? null : readInstance(place, app, value) };
}

/** Reads the node of an instance, or says that weir may not. */
export function readInstance(place: string, app: string, value: NodeValue): ReadNode<InstanceNode> {
  return value === NO_ACCESS ? noAccess(place) : readInstanceNode(place, app, value);
}

/** The event of an interface whose folder of providers is kept from weir, where nothing was told of it before. */
export function keptProvidersEvent(registry: string, roots: ZooKeeperRoots, name: string): RegistryEvent {
  const read = noAccess(providersPath(roots, name));
  return { registry, kind: 'providers', interface: name, listed: new Map([['', read]]) };
}

function noAccess(place: string): { readonly fault: NodeFault } {
  return { fault: { code: 'no-access', place, what: `${place} may not be read by weir` } };
}

/** The event of all providers of an interface. */
export function providersEvent(
  registry: string,
  roots: ZooKeeperRoots,
  name: string,
  nodeNames: readonly string[],
): RegistryEvent {
  const folder = providersPath(roots, name);
  const listed = new Map(nodeNames.map((nodeName) => [nodeName, readProviderUrl(folder, name, nodeName)]));
  return { registry, kind: 'providers', interface: name, listed };
}

/** The event of one provider of an interface; its name is all that it says. */
export function providerEvent(
  registry: string,
  roots: ZooKeeperRoots,
  { name, id, isThere }: { readonly name: string; readonly id: string; readonly isThere: boolean },
): RegistryEvent {
  const read = isThere ? readProviderUrl(providersPath(roots, name), name, id) : null;
  return { registry, kind: 'provider', interface: name, id, read };
}

/** More applications of one interface than these are no mapping, but rubbish; nor are longer names. */
const MAX_MAPPED = 1_000;
const MAX_NAME = 255;

/** The event of an interface's mapping: a list of applications with commas. */
export function mappingEvent(registry: string, name: string, value: string | null): RegistryEvent {
  const apps = (value ?? '').split(',').map((app) => app.trim());
  const named = apps.filter((app) => app !== '' && app.length <= MAX_NAME && !app.includes('/'));
  return { registry, kind: 'mapping', interface: name, apps: named.slice(0, MAX_MAPPED) };
}

/** The event of a revision's metadata. */
export function metadataEvent(
  registry: string,
  roots: ZooKeeperRoots,
  { app, revision, value }: { readonly app: string; readonly revision: string; readonly value: string | null },
): RegistryEvent {
  const place = metadataPath(roots, app, revision);
  const read = value === null ? null : readRevisionMetadata(place, app, revision, value);
  return { registry, kind: 'metadata', app, revision, read };
}
