/** What weir relies on of a Nacos: the suite that the double and a real server both pass. */
import assert from 'node:assert/strict';
import { it, type TestContext } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { NacosConnection } from '../../src/discovery/adapters/nacos/nacos-connection.ts';
import { networkRegistries } from '../../src/discovery/adapters/network-registries.ts';
import type { Wanted } from '../../src/discovery/registry/wanted.ts';
import { endpointsOf } from '../../src/discovery/world/endpoints.ts';
import { World } from '../../src/discovery/world/world.ts';
import type { RegistryConfig } from '../../src/mesh/discovery-config.ts';
import { systemClock } from '../../src/platform/clock.ts';

/** A server that the suite may end and start. */
export interface NacosServer {
  readonly port: number;
  stop(): Promise<void>;
  start(): Promise<void>;
}

const ORDERS = 'com.acme.Orders';
/** The longest wait for a push; a real server merges changes for half a second. */
const PUSH_MS = 15_000;

/** A client that registers one instance a service, as a provider does. */
export class Registrar {
  readonly #connection: NacosConnection;

  private constructor(connection: NacosConnection) {
    this.#connection = connection;
  }

  static async open(port: number, headers: Readonly<Record<string, string>> = {}): Promise<Registrar> {
    const server = { host: '127.0.0.1', port };
    const options = {
      server,
      namespace: 'public',
      headers: () => headers,
      clock: systemClock,
      pushed: () => undefined,
    };
    return new Registrar(await NacosConnection.open(options));
  }

  async register(serviceName: string, ip: string, metadata: Readonly<Record<string, string>>): Promise<void> {
    await this.#connection.request('InstanceRequest', {
      ...{ namespace: 'public', serviceName, groupName: 'DEFAULT_GROUP', type: 'registerInstance' },
      instance: {
        ip,
        port: 20_880,
        weight: 1,
        healthy: true,
        enabled: true,
        ephemeral: true,
        clusterName: 'DEFAULT',
        metadata,
      },
    });
  }

  async publish(dataId: string, group: string, content: string): Promise<void> {
    await this.#connection.request('ConfigPublishRequest', { module: 'config', dataId, group, tenant: '', content });
  }

  close(): void {
    this.#connection.close();
  }
}

/** The metadata of an instance. */
export function instanceOf(revision: string, labels: Readonly<Record<string, string>> = {}): Record<string, string> {
  return {
    'dubbo.endpoints': '[{"port":20880,"protocol":"dubbo"}]',
    'dubbo.metadata.revision': revision,
    'dubbo.metadata.storage-type': 'remote',
    ...labels,
  };
}

function metadataOf(app: string, revision: string): string {
  const service = { name: ORDERS, version: '1.0', group: '', protocol: 'dubbo', params: { zone: 'east' } };
  return JSON.stringify({ app, revision, services: { [`${ORDERS}:1.0:dubbo`]: service } });
}

function configOf(port: number): RegistryConfig {
  return {
    name: 'n',
    kind: 'nacos',
    servers: [{ host: '127.0.0.1', port }],
    namespace: 'public',
    position: { line: 1, column: 1 },
  };
}

const WANTED: Wanted = { apps: new Set(['orders']), interfaces: new Set() };

/** A followed registry and the world that it tells. */
function follow(t: TestContext, port: number, wanted: Wanted = WANTED) {
  const world = new World(['n']);
  const ended = new AbortController();
  const told = { emit: (event: Parameters<World['apply']>[0]) => void world.apply(event), warn: () => undefined };
  const running = networkRegistries(systemClock).followRegistry(configOf(port), wanted, told, ended.signal);
  t.after(async () => {
    ended.abort();
    await running;
  });
  const addresses = (app = 'orders') =>
    endpointsOf(world, app, null)
      .map(({ address }) => address)
      .join(' ');
  return { world, addresses, state: () => world.states().get('n') };
}

/** Waits until something holds. */
export async function until(what: string, holds: () => boolean, limitMs = PUSH_MS): Promise<void> {
  const end = Date.now() + limitMs;
  while (!holds()) {
    if (Date.now() > end) throw new Error(`within ${limitMs} ms: ${what}`);
    await sleep(25);
  }
}

/** Runs the suite; each test has names of its own where a server keeps what it was told. */
export function nacosContract(serverOf: () => NacosServer): void {
  it('lists both layouts of an application, merged by address, with the services of its revision', async (t) => {
    const { port } = serverOf();
    const provider = await Registrar.open(port);
    t.after(() => provider.close());
    await provider.publish('orders', 'r1', metadataOf('orders', 'r1'));
    await provider.register('orders', '10.1.0.1', instanceOf('r1', { unit: 'hz-1' }));
    const params = { application: 'orders', interface: ORDERS, version: '1.0', protocol: 'dubbo', weight: '40' };
    await provider.register(`providers:${ORDERS}:1.0:`, '10.1.0.1', params);
    const world = new World(['n']);
    // A real server lists a new service with a delay, and has published metadata a moment later than it says so.
    const isWhole = () => {
      const [endpoint] = endpointsOf(world, 'orders', 'unit');
      return endpoint?.layouts.length === 2 && endpoint.labels.zone !== undefined;
    };
    const read = () =>
      networkRegistries(systemClock).readRegistry(configOf(port), WANTED, (event) => void world.apply(event));
    await read();
    for (let tries = 0; tries < 60 && !isWhole(); tries += 1) {
      await sleep(250);
      await read();
    }
    const [endpoint] = endpointsOf(world, 'orders', 'unit');
    assert.deepEqual([endpoint?.address, endpoint?.port, endpoint?.unit], ['10.1.0.1', 20_880, 'hz-1']);
    assert.deepEqual(
      [endpoint?.layouts, endpoint?.weight, endpoint?.labels.zone],
      [['application', 'interface'], 40, 'east'],
    );
    assert.deepEqual([...(endpoint?.services ?? [])], [`${ORDERS}:1.0`]);
  });

  it('tells instances that join and leave, and believes an empty list of a server that stayed', async (t) => {
    const { port } = serverOf();
    const first = await Registrar.open(port);
    t.after(() => first.close());
    const followed = follow(t, port, { apps: new Set(['joins']), interfaces: new Set() });
    await until('synced', () => followed.state() === 'synced');
    await first.publish('joins', 'r1', metadataOf('joins', 'r1'));
    await first.register('joins', '10.2.0.1', instanceOf('r1'));
    await until('the first has joined', () => followed.addresses('joins') === '10.2.0.1');
    const second = await Registrar.open(port);
    await second.register('joins', '10.2.0.2', instanceOf('r1'));
    await until('the second has joined', () => followed.addresses('joins') === '10.2.0.1 10.2.0.2');
    second.close();
    await until('the second has left', () => followed.addresses('joins') === '10.2.0.1');
    first.close();
    await until('nobody is left', () => followed.addresses('joins') === '');
    assert.equal(followed.state(), 'synced');
  });

  it('follows the mapping of an interface', async (t) => {
    const { port } = serverOf();
    const provider = await Registrar.open(port);
    t.after(() => provider.close());
    await provider.publish('mapped', 'r1', metadataOf('mapped', 'r1'));
    await provider.register('mapped', '10.3.0.1', instanceOf('r1'));
    const followed = follow(t, port, { apps: new Set(), interfaces: new Set(['com.acme.Mapped']) });
    await until('synced', () => followed.state() === 'synced');
    assert.equal(followed.addresses('mapped'), '');
    await provider.publish('com.acme.Mapped', 'mapping', 'mapped');
    await until('the application is there', () => followed.addresses('mapped') === '10.3.0.1');
    assert.deepEqual([...followed.world.appsOf('com.acme.Mapped')], ['mapped']);
  });

  it('loses nobody when the server starts again empty, and is whole when its clients are back', async (t) => {
    const server = serverOf();
    const provider = await Registrar.open(server.port);
    await provider.publish('stays', 'r1', metadataOf('stays', 'r1'));
    await provider.register('stays', '10.4.0.1', instanceOf('r1'));
    const followed = follow(t, server.port, { apps: new Set(['stays']), interfaces: new Set() });
    await until(
      'the instance is there',
      () => followed.addresses('stays') === '10.4.0.1' && followed.state() === 'synced',
    );
    await server.stop();
    provider.close();
    await until('the registry is away', () => followed.state() === 'lost');
    assert.equal(followed.addresses('stays'), '10.4.0.1');
    await server.start();
    await until('the registry is back', () => followed.state() === 'syncing', 60_000);
    // Long enough for the empty list to have come.
    await sleep(2_000);
    assert.deepEqual([followed.addresses('stays'), followed.state()], ['10.4.0.1', 'syncing']);
    const back = await Registrar.open(server.port);
    t.after(() => back.close());
    await back.register('stays', '10.4.0.1', instanceOf('r1'));
    await until('the lists are whole', () => followed.state() === 'synced');
    assert.equal(followed.addresses('stays'), '10.4.0.1');
  });
}
