/** Registries in memory: what they hold is told as the real ones tell it. */

import type { RegistryReader } from '../../../src/discovery/ports.ts';
import { type DiscoveryMesh, requireDiscovery } from '../../../src/discovery/usecases/discovery-mesh.ts';
import { readInstanceNode } from '../../../src/discovery/world/read-instance.ts';
import { readRevisionMetadata } from '../../../src/discovery/world/read-metadata.ts';
import { readProviderUrl } from '../../../src/discovery/world/read-provider-url.ts';
import type { RegistryEvent } from '../../../src/discovery/world/registry-event.ts';
import type { MeshConfig } from '../../../src/mesh/mesh-config.ts';
import { parseMeshConfig } from '../../../src/mesh/parse-mesh.ts';

/** A mesh.yaml whose application payment consumes stock, from one registry; `more` is added to its discovery. */
export function meshConfig(more = '', consumes = '{apps: [stock]}'): MeshConfig {
  const parsed = parseMeshConfig(
    `apiVersion: weir.dev/v1
registries: {hz: {zookeeper: ["127.0.0.1:2181"]}}
discovery: {registries: [hz]${more}}
sidecars:
  main: {user: 1337, outbound: 15001, admin: "unix:/run/weir/main/admin.sock"}
  bare: {user: 1338, inbound: 15006, admin: "unix:/run/weir/bare/admin.sock"}
apps:
  payment: {select: {user: 20001}, sidecar: main, consumes: ${consumes}}
`,
    'mesh.yaml',
  );
  if ('errors' in parsed) throw new Error(parsed.errors.map(({ what }) => what).join('\n'));
  return parsed.config;
}

/** What discovery needs of it. */
export function discoveryMesh(more = '', consumes?: string): DiscoveryMesh {
  return requireDiscovery(meshConfig(more, consumes));
}

/** An instance of stock at application level; `metadata` are its labels. */
export function instance(host: number, metadata: Readonly<Record<string, string>> = {}): RegistryEvent {
  const id = `10.0.0.${host}:20880`;
  const payload = { metadata: { 'dubbo.metadata.revision': 'r1', ...metadata } };
  const value = JSON.stringify({ address: `10.0.0.${host}`, port: 20_880, payload });
  return {
    registry: 'hz',
    kind: 'instance',
    app: 'stock',
    id,
    read: readInstanceNode(`/services/stock/${id}`, 'stock', value),
  };
}

/** What the instances offer: one service of that name, with these parameters. */
export function metadata(
  name = 'com.acme.Stock',
  params: Readonly<Record<string, string>> = {},
  key: { readonly group?: string; readonly version?: string } = {},
): RegistryEvent {
  const text = JSON.stringify({
    app: 'stock',
    revision: 'r1',
    services: { [name]: { name, ...key, protocol: 'dubbo', params } },
  });
  return {
    registry: 'hz',
    kind: 'metadata',
    app: 'stock',
    revision: 'r1',
    read: readRevisionMetadata('/m', 'stock', 'r1', text),
  };
}

/** The mapping of stock's interface. */
export function mapping(): RegistryEvent {
  return { registry: 'hz', kind: 'mapping', interface: 'com.acme.Stock', apps: ['stock'] };
}

/** Providers of stock at interface level. */
export function providers(...hosts: readonly number[]): RegistryEvent {
  const name = 'com.acme.Stock';
  const urls = hosts.map((host) => encodeURIComponent(`dubbo://10.0.0.${host}:20880/${name}?application=stock`));
  const listed = new Map(urls.map((url) => [url, readProviderUrl(`/dubbo/${name}/providers`, name, url)]));
  return { registry: 'hz', kind: 'providers', interface: name, listed };
}

/** A reader of registries that hold this. */
export function readerOf(...events: readonly RegistryEvent[]): RegistryReader {
  return {
    readRegistry: async ({ name }, _wanted, emit) => {
      for (const event of events) if (event.registry === name) emit(event);
    },
    followRegistry: async () => {},
  };
}
