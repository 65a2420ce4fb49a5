/** Changes in a real registry, followed. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { after, before, type TestContext, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { networkRegistries } from '../../../src/discovery/adapters/network-registries.ts';
import { endpointsOf } from '../../../src/discovery/world/endpoints.ts';
import type { RegistryEvent } from '../../../src/discovery/world/registry-event.ts';
import { World } from '../../../src/discovery/world/world.ts';
import type { RegistryConfig } from '../../../src/mesh/discovery-config.ts';
import { QUICK } from '../../fakes/quick-clock.ts';
import { cleanEnvironment, WEIR_BIN } from '../../run-weir.ts';
import { until } from '../../until.ts';
import { ZooKeeperLab, type ZooKeeperWriter } from './zookeeper.ts';

let lab: ZooKeeperLab;
let writer: ZooKeeperWriter;
const folder = mkdtempSync(join(tmpdir(), 'weir-follow-'));

before(async () => {
  lab = await ZooKeeperLab.open();
  writer = await lab.client();
});

after(async () => {
  writer?.close();
  await lab?.close();
  rmSync(folder, { recursive: true });
});

function instance(app: string, host: number): [string, string] {
  const id = `10.0.0.${host}:20880`;
  const metadata = { 'dubbo.metadata.revision': 'r1', 'dubbo.metadata.storage-type': 'remote' };
  return [`/services/${app}/${id}`, JSON.stringify({ address: `10.0.0.${host}`, port: 20880, payload: { metadata } })];
}

/** `weir discovery endpoints --watch` at work. */
class Follower {
  readonly #child;
  readonly #lines: AsyncIterator<string>;
  stderr = '';

  constructor(t: TestContext, consumes: string, port = lab.port, more = '') {
    const file = join(folder, `${consumes.replaceAll(/\W+/g, '-')}.yaml`);
    writeFileSync(
      file,
      `apiVersion: weir.dev/v1
registries: {hz: {zookeeper: ["127.0.0.1:${port}"]${more}}}
discovery: {registries: [hz]}
sidecars: {main: {user: 1337, outbound: 15001, admin: "unix:/run/weir/main/admin.sock"}}
apps: {shop: {select: {user: 1001}, sidecar: main, consumes: ${consumes}}}
`,
    );
    const args = [WEIR_BIN, 'discovery', 'endpoints', '--watch', '--json', '--config', file];
    this.#child = spawn(process.execPath, args, { env: cleanEnvironment(), stdio: ['ignore', 'pipe', 'pipe'] });
    this.#child.stderr.on('data', (chunk) => {
      this.stderr += chunk;
    });
    this.#lines = createInterface({ input: this.#child.stdout })[Symbol.asyncIterator]();
    t.after(() => this.#child.kill('SIGKILL'));
  }

  /** The last octets of the hosts in the next document. */
  async next(): Promise<{ readonly hosts: string; readonly warnings: readonly string[] }> {
    const { value, done } = await this.#lines.next();
    assert.ok(done !== true, this.stderr);
    const { result, warnings } = JSON.parse(value);
    return {
      hosts: result.endpoints.map(({ address }: { address: string }) => address.split('.')[3]).join(' '),
      warnings,
    };
  }

  async end(): Promise<number | null> {
    const ended = new Promise<number | null>((resolve) => this.#child.once('exit', resolve));
    this.#child.kill('SIGTERM');
    return await ended;
  }
}

/** Follows a registry in this process, with a clock on which what is refused is asked for again soon. */
function followHere(t: TestContext, relay: CutRelay, root: string, digest: string) {
  const authFile = join(folder, 'zk.auth');
  writeFileSync(authFile, `${digest}\n`, { mode: 0o600 });
  const config: RegistryConfig = {
    ...{ kind: 'zookeeper', name: 'hz', root, services: `${root}-apps`, authFile },
    ...{ servers: [{ host: '127.0.0.1', port: relay.port }], position: { line: 1, column: 1 } },
  };
  const world = new World(['hz']);
  const warnings: string[] = [];
  const shrinks: string[] = [];
  const hosts = () => endpointsOf(world, 'kept', null).map(({ address }) => address.split('.')[3]);
  const told = {
    emit(event: RegistryEvent) {
      const before = hosts();
      world.apply(event);
      if (hosts().length < before.length) shrinks.push(JSON.stringify(event));
    },
    warn: (why: string) => void warnings.push(why),
  };
  const ended = new AbortController();
  const wanted = { apps: new Set(['kept']), interfaces: new Set<string>() };
  const running = networkRegistries(QUICK).followRegistry(config, wanted, told, ended.signal);
  t.after(async () => {
    ended.abort();
    await running;
    relay.close();
  });
  const reaches = async (wantedHosts: string, refused: readonly string[]) => {
    const isReached = async () =>
      hosts().join(' ') === wantedHosts &&
      [...world.refusedBy('hz').keys()].join() === refused.join() &&
      world.states().get('hz') === 'synced';
    const tell = () => `${hosts()} ${[...world.refusedBy('hz')]} ${warnings}`;
    await until(`${wantedHosts} beside ${refused}`, isReached, { tell });
  };
  return { reaches, shrinks };
}

/** Passes connections on, until they are cut. */
class CutRelay {
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();

  private constructor(server: Server) {
    this.#server = server;
  }

  static async open(port: number): Promise<CutRelay> {
    const server = createServer();
    const relay = new CutRelay(server);
    server.on('connection', (client) => {
      const upstream = connect({ host: '127.0.0.1', port });
      for (const socket of [client, upstream]) {
        relay.#sockets.add(socket);
        socket.on('error', () => undefined);
        socket.on('close', () => {
          relay.#sockets.delete(socket);
          client.destroy();
          upstream.destroy();
        });
      }
      client.pipe(upstream).pipe(client);
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    return relay;
  }

  get port(): number {
    const address = this.#server.address();
    return typeof address === 'object' && address !== null ? address.port : 0;
  }

  cut(): void {
    for (const socket of this.#sockets) socket.destroy();
  }

  close(): void {
    this.#server.close();
    this.cut();
  }
}

test('the first list comes at once, then one for each change: an instance joins, changes, leaves', async (t) => {
  await writer.put(...instance('pay', 1));
  const follower = new Follower(t, '{apps: [pay]}');
  assert.equal((await follower.next()).hosts, '1');
  await writer.put(...instance('pay', 2), { ephemeral: true });
  assert.equal((await follower.next()).hosts, '1 2');
  await writer.remove('/services/pay/10.0.0.1:20880');
  assert.equal((await follower.next()).hosts, '2');
  assert.equal(await follower.end(), 0);
});

test('an application that registers for the first time is found, although its folder was not there', async (t) => {
  const follower = new Follower(t, '{apps: [late]}');
  assert.equal((await follower.next()).hosts, '');
  await writer.put(...instance('late', 7));
  assert.equal((await follower.next()).hosts, '7');
});

test('a burst ends with the list of all, and none before it has lost one', async (t) => {
  const follower = new Follower(t, '{apps: [burst]}');
  let { hosts } = await follower.next();
  assert.equal(hosts, '');
  await Promise.all([3, 4, 5, 6].map((host) => writer.put(...instance('burst', host))));
  // One list, unless the burst takes longer here than the quiet time for which lists wait.
  while (hosts !== '3 4 5 6') {
    const before = new Set(hosts.split(' '));
    ({ hosts } = await follower.next());
    assert.ok(before.isSubsetOf(new Set(['', ...hosts.split(' ')])), hosts);
  }
});

test('a mapping that gains an application brings its instances, with the revision that offers the interface', async (t) => {
  await writer.put(
    '/dubbo/metadata/stock/r1',
    JSON.stringify({ services: { s: { name: 'Stock', protocol: 'dubbo' } } }),
  );
  await writer.put(...instance('stock', 9));
  const follower = new Follower(t, '{interfaces: [Stock]}');
  assert.equal((await follower.next()).hosts, '');
  await writer.put('/dubbo/mapping/Stock', 'stock');
  assert.equal((await follower.next()).hosts, '9');
});

test('interfaces below the root of the tree are followed as those below /dubbo', async (t) => {
  const url = (host: number) => encodeURIComponent(`dubbo://10.0.0.${host}:20880/Bare?application=bare`);
  // One after the other: a follower that runs beside the first one has the first one's changes to tell.
  for (const consumes of ['{apps: [bare]}', '{interfaces: [Bare]}']) {
    const follower = new Follower(t, consumes, lab.port, ', root: /');
    assert.equal((await follower.next()).hosts, '');
    await writer.put(`/Bare/providers/${url(1)}`, '');
    assert.equal((await follower.next()).hosts, '1');
    await writer.put(`/Bare/providers/${url(2)}`, '');
    assert.equal((await follower.next()).hosts, '1 2');
    await follower.end();
    for (const host of [1, 2]) await writer.remove(`/Bare/providers/${url(host)}`);
  }
});

test('applications and interfaces in one folder, as with a group of Dubbo 3.3, are followed as what they are', async (t) => {
  const url = encodeURIComponent('dubbo://10.0.0.3:20880/Shared?application=shared');
  for (const folder of ['', '/group']) {
    const follower = new Follower(
      t,
      '{apps: [shared]}',
      lab.port,
      `, root: ${folder || '/'}, services: ${folder || '/'}`,
    );
    assert.equal((await follower.next()).hosts, '');
    const [one, two] = [1, 2].map((host) => instance('shared', host)) as [[string, string], [string, string]];
    const placed = ([path, value]: [string, string]) => [path.replace('/services', folder), value] as const;
    await writer.put(...placed(one));
    assert.equal((await follower.next()).hosts, '1');
    await writer.put(`${folder}/Shared/providers/${url}`, '');
    assert.equal((await follower.next()).hosts, '1 3');
    await writer.put(...placed(two));
    assert.equal((await follower.next()).hosts, '1 2 3');
    await writer.remove(placed(one)[0]);
    assert.equal((await follower.next()).hosts, '2 3');
    await follower.end();
    await writer.remove(placed(two)[0]);
    await writer.remove(`${folder}/Shared/providers/${url}`);
  }
});

test('what is kept for another user costs itself only, and is told as soon as weir may read it', async (t) => {
  const url = (name: string, host: number) =>
    encodeURIComponent(`dubbo://10.0.0.${host}:20880/${name}?application=kept`);
  const joins = (host: number) => {
    const [path, value] = instance('kept', host);
    return writer.put(path.replace('/services', '/kept-apps'), value);
  };
  await joins(1);
  await writer.put(`/kept/Kept/providers/${url('Kept', 2)}`);
  const relay = await CutRelay.open(lab.port);
  const followed = followHere(t, relay, '/kept', 'weir:one');
  await followed.reaches('1 2', []);

  await writer.keepFor(['other:two'], '/kept/Kept/providers');
  relay.cut();
  await followed.reaches('1 2', ['/kept/Kept/providers']);
  await joins(3);
  await followed.reaches('1 2 3', ['/kept/Kept/providers']);
  await writer.put(`/kept/Kept/providers/${url('Kept', 4)}`);
  await writer.keepFor(['other:two', 'weir:one'], '/kept/Kept/providers');
  await followed.reaches('1 2 3 4', []);

  await writer.keepFor(['other:two'], '/kept');
  relay.cut();
  await followed.reaches('1 2 3 4', ['/kept']);
  await joins(5);
  await followed.reaches('1 2 3 4 5', ['/kept']);
  await writer.put(`/kept/New/providers/${url('New', 6)}`);
  await writer.keepFor(['weir:one'], '/kept');
  await followed.reaches('1 2 3 4 5 6', []);
  assert.deepEqual(followed.shrinks, []);
});

test('a registry that dies changes nothing; what changed meanwhile is seen when it is back', async (t) => {
  await writer.put(...instance('stay', 1));
  const follower = new Follower(t, '{apps: [stay]}');
  assert.equal((await follower.next()).hosts, '1');
  writer.close();
  await lab.kill();
  await sleep(1500);
  await lab.start();
  writer = await lab.client();
  await writer.put(...instance('stay', 2));
  // The same list would be no change: the next document is the one with the new instance.
  const { hosts, warnings } = await follower.next();
  assert.equal(hosts, '1 2');
  assert.match(warnings.join('\n'), /hz is away: .*; what it last said still counts/);
});

test('a registry that freezes longer than a session lasts is followed again', async (t) => {
  await writer.put(...instance('frozen', 1));
  const follower = new Follower(t, '{apps: [frozen]}');
  assert.equal((await follower.next()).hosts, '1');
  lab.signal('SIGSTOP');
  await sleep(12_000);
  lab.signal('SIGCONT');
  writer.close();
  writer = await lab.client();
  await writer.put(...instance('frozen', 2));
  assert.equal((await follower.next()).hosts, '1 2');
});
