/** What a Nacos refuses to show costs itself only. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { NacosAccount } from '../../../src/discovery/adapters/nacos/nacos-account.ts';
import { loginToNacos } from '../../../src/discovery/adapters/nacos/nacos-login.ts';
import { networkRegistries } from '../../../src/discovery/adapters/network-registries.ts';
import { isForbidden, isNotFound, isRefusal, NacosError } from '../../../src/discovery/registry/nacos/nacos-error.ts';
import { endpointsOf } from '../../../src/discovery/world/endpoints.ts';
import { World } from '../../../src/discovery/world/world.ts';
import type { RegistryConfig } from '../../../src/mesh/discovery-config.ts';
import { systemClock } from '../../../src/platform/clock.ts';
import { FakeClock } from '../../fakes/fake-clock.ts';
import { FakeNacos } from '../../fakes/fake-nacos.ts';
import { QUICK } from '../../fakes/quick-clock.ts';
import { until } from '../../until.ts';
import { instanceOf, Registrar } from '../nacos-contract.ts';

const CREDENTIALS = 'weir:secret';
const ACCOUNT = { user: 'weir', password: 'secret', tokenSeconds: 3_600 };
const STOCK = 'com.acme.Stock';
const WANTED = { apps: new Set(['stock', 'pay']), interfaces: new Set([STOCK]) };
const FORBIDDEN = 403;
/** A fault of the server (NacosException.SERVER_ERROR). */
const FAULT = 500;

const metadataOf = (app: string, revision: string) =>
  JSON.stringify({ app, revision, services: { [STOCK]: { name: STOCK, protocol: 'dubbo', params: { revision } } } });

/** A server that asks for a user, with two applications in both layouts. */
async function stage(t: TestContext) {
  const server = await FakeNacos.open(ACCOUNT);
  t.after(() => server.close());
  const at = { host: '127.0.0.1', port: server.port };
  const { headers } = await loginToNacos(at, CREDENTIALS, 'auth');
  const register = async (app: string, host: string, revision = 'r1') => {
    const provider = await Registrar.open(server.port, headers);
    t.after(() => provider.close());
    if (app.startsWith('providers:')) await provider.register(app, host, { application: 'stock', interface: STOCK });
    else {
      await provider.publish(app, revision, metadataOf(app, revision));
      await provider.register(app, host, instanceOf(revision, { zone: revision }));
    }
    if (app === 'stock') await provider.publish(STOCK, 'mapping', 'stock');
    return provider;
  };
  await register('stock', '10.0.0.1');
  await register('pay', '10.0.0.2');
  await register(`providers:${STOCK}::`, '10.0.1.1');
  const folder = mkdtempSync(join(tmpdir(), 'weir-nacos-refusals-'));
  t.after(() => rmSync(folder, { recursive: true }));
  writeFileSync(join(folder, 'auth'), `${CREDENTIALS}\n`, { mode: 0o600 });
  const config: RegistryConfig = {
    ...{ name: 'n', kind: 'nacos', servers: [at], namespace: 'public', authFile: join(folder, 'auth') },
    position: { line: 1, column: 1 },
  };
  return { server, config, register };
}

/** Follows the registry; the states that it went through are noted. */
function follow(t: TestContext, config: RegistryConfig) {
  const world = new World(['n']);
  const [warnings, states]: [string[], string[]] = [[], []];
  const end = new AbortController();
  const told = {
    emit(event: Parameters<World['apply']>[0]) {
      world.apply(event);
      if (event.kind === 'state') states.push(event.state);
    },
    warn: (why: string) => void warnings.push(why),
  };
  const running = networkRegistries(QUICK).followRegistry(config, WANTED, told, end.signal);
  t.after(async () => {
    end.abort();
    await running;
  });
  const known = () =>
    ['pay', 'stock'].flatMap((app) =>
      endpointsOf(world, app, null).map(
        ({ address, labels, services }) => `${app} ${address} ${labels.zone ?? '-'} ${services?.size ?? 'unknown'}`,
      ),
    );
  const reaches = (wanted: readonly string[], state: string) =>
    until(`${state} with ${wanted}`, async () => known().join() === wanted.join() && states.at(-1) === state, {
      patienceMs: 20_000,
      tell: () => `${states}\n${known()}\n${warnings}`,
    });
  return { world, warnings, states, reaches };
}

const PAY = 'pay 10.0.0.2 r1 1';
const STOCKS = ['stock 10.0.0.1 r1 1', 'stock 10.0.1.1 - 1'];
const ALL = [PAY, ...STOCKS];
const times = (server: FakeNacos, request: string) => server.asked.filter((name) => name === request).length;

const requests = [
  ['an application', 'SubscribeServiceRequest stock', 'service stock'],
  ['a service at interface level', `SubscribeServiceRequest providers:${STOCK}::`, `service providers:${STOCK}::`],
  ['the mapping of an interface', `ConfigQueryRequest ${STOCK}@mapping`, `mapping of ${STOCK}`],
  ['the names of the services', 'ServiceListRequest', 'the names of the services'],
] as const;
for (const [name, request, place] of requests) {
  for (const code of name === 'an application' ? [FAULT, FORBIDDEN] : [FAULT]) {
    test(`${name} that is refused with ${code} is what it was, all others go on, and it is told when it may be`, async (t) => {
      const { server, config, register } = await stage(t);
      const { warnings, states, reaches } = follow(t, config);
      await reaches(ALL, 'synced');
      server.refused.set(request, code);
      server.cut();
      await until('the refusal', async () => warnings.some((text) => text.startsWith(`${place}: `)));
      // Its owner may keep it from weir for ever: the rest is whole without it.
      const state = code === FAULT ? 'syncing' : 'synced';
      await reaches(ALL, state);
      await register('pay', '10.0.0.3');
      const joined = [PAY, 'pay 10.0.0.3 r1 1'];
      await reaches([...joined, ...STOCKS], state);
      const before = times(server, request);
      await until('another try', async () => times(server, request) > before);
      assert.deepEqual(states.slice(states.indexOf('lost') + 1).includes('lost'), false, 'the connection stays');
      server.refused.clear();
      await register('stock', '10.0.0.4');
      await reaches([...joined, STOCKS[0] ?? '', 'stock 10.0.0.4 r1 1', STOCKS[1] ?? ''], 'synced');
    });
  }
}

test('what is refused in the first listing costs itself only, and is asked for again alone', async (t) => {
  const { server, config } = await stage(t);
  server.refused.set('SubscribeServiceRequest stock', FAULT);
  const { states, warnings, reaches } = follow(t, config);
  await reaches([PAY, STOCKS[1] ?? ''], 'syncing');
  await until('another try', async () => times(server, 'SubscribeServiceRequest stock') > 2);
  assert.equal(times(server, 'SubscribeServiceRequest pay'), 1);
  assert.deepEqual([states, warnings.length], [['syncing'], 1]);
  server.refused.clear();
  await reaches(ALL, 'synced');
});

test('an instance of a revision that is refused is what it was, until both can be read', async (t) => {
  const { server, config, register } = await stage(t);
  const { warnings, reaches } = follow(t, config);
  await reaches(ALL, 'synced');
  server.refused.set('ConfigQueryRequest stock@r2', FAULT);
  const changing = await register('stock', '10.0.0.5');
  const joined = 'stock 10.0.0.5 r1 1';
  await reaches([PAY, STOCKS[0] ?? '', joined, STOCKS[1] ?? ''], 'synced');
  await changing.publish('stock', 'r2', metadataOf('stock', 'r2'));
  await changing.register('stock', '10.0.0.5', instanceOf('r2', { zone: 'r2' }));
  await until('the refusal', async () => warnings.some((text) => text.startsWith('revision r2 of stock: ')));
  await reaches([PAY, STOCKS[0] ?? '', joined, STOCKS[1] ?? ''], 'syncing');
  server.refused.clear();
  await reaches([PAY, STOCKS[0] ?? '', 'stock 10.0.0.5 r2 1', STOCKS[1] ?? ''], 'synced');
});

test('an answer without a list of instances takes nobody away, and the list is asked for again', async (t) => {
  const { server, config } = await stage(t);
  const { states, warnings, reaches } = follow(t, config);
  await reaches(ALL, 'synced');
  const before = times(server, 'SubscribeServiceRequest stock');
  server.push('stock', { name: 'stock', groupName: 'DEFAULT_GROUP' });
  await until('the list again', async () => times(server, 'SubscribeServiceRequest stock') > before);
  await reaches(ALL, 'synced');
  assert.deepEqual(
    [states.includes('lost'), warnings],
    [false, ['service stock: the answer has no list of instances']],
  );
});

test('an answer without names of services is no registry without services, and they are asked for again', async (t) => {
  const { server, config } = await stage(t);
  server.isNameless = true;
  const { states, warnings, reaches } = follow(t, config);
  await until('the listing', async () => warnings.length > 0);
  assert.deepEqual(warnings, ['the names of the services: the answer has no list of names']);
  assert.equal(states.includes('synced'), false);
  server.isNameless = false;
  await reaches(ALL, 'synced');
});

test('a connection that is lost beside a refusal is lost, and takes nobody away', async (t) => {
  const { server, config } = await stage(t);
  const { states, reaches } = follow(t, config);
  await reaches(ALL, 'synced');
  server.refused.set('SubscribeServiceRequest stock', FAULT);
  server.cut();
  await reaches(ALL, 'syncing');
  await server.stop();
  await reaches(ALL, 'lost');
  assert.equal(states.filter((state) => state === 'lost').length, 2);
});

test('a registry that shows nothing at all is not in sync', async (t) => {
  const { server, config } = await stage(t);
  for (const [, request] of requests) server.refused.set(request, FORBIDDEN);
  for (const app of ['stock', 'pay']) server.refused.set(`SubscribeServiceRequest ${app}`, FORBIDDEN);
  const { states, warnings, reaches } = follow(t, config);
  await until('the listing', async () => warnings.some((text) => text.startsWith('the names of the services: ')));
  const before = times(server, 'SubscribeServiceRequest pay');
  await until('another try', async () => times(server, 'SubscribeServiceRequest pay') > before);
  assert.deepEqual([...new Set(states)], ['syncing']);
  assert.match(warnings.join(), /service pay: .*; see whether weir may read it in the namespace public/);
  server.refused.clear();
  await reaches(ALL, 'synced');
});

test('a login that helped nothing is not made for each thing that is kept from its user, but once in a while', async (t) => {
  const server = await FakeNacos.open(ACCOUNT);
  t.after(() => server.close());
  const clock = new FakeClock();
  const account = new NacosAccount({ file: 'auth', read: async () => CREDENTIALS }, clock);
  const at = { host: '127.0.0.1', port: server.port };
  const place = { name: 'n', namespace: 'public' };
  const ask = () => account.asking(at, place, async () => Promise.reject(new NacosError('no', FORBIDDEN, 'Response')));
  await account.keepFresh(at);
  for (let things = 0; things < 3; things += 1) await assert.rejects(ask(), isForbidden);
  assert.equal(server.logins, 2);
  await clock.pass(20_000);
  await assert.rejects(ask(), isForbidden);
  assert.equal(server.logins, 3);
  account.connected();
  await assert.rejects(ask(), isForbidden);
  assert.equal(server.logins, 4);
});

test('a registry that is read once names what was refused, and what to look at', async (t) => {
  const { server, config } = await stage(t);
  const read = () => networkRegistries(systemClock).readRegistry(config, WANTED, () => undefined);
  server.refused.set('SubscribeServiceRequest pay', FAULT);
  const why = 'service pay: SubscribeServiceRequest: refused with 500';
  await assert.rejects(read(), { code: 'WEIR6002', why });
  server.refused.set('SubscribeServiceRequest pay', FORBIDDEN);
  await assert.rejects(read(), (error: { why: string; hint: string }) => {
    assert.match(error.why, /^service pay: .* refused with 403, also after a new login as weir$/);
    assert.match(error.hint, /^see whether weir may read it in the namespace public;/);
    return true;
  });
});

test('a server that takes nothing from a connection refuses no single thing, and has not said that there is no such data', () => {
  const isStarting = new NacosError('Server is starting', 300, 'ErrorResponse');
  const isUnknown = new NacosError('Connection is unregistered.', 301, 'ErrorResponse');
  const isMissing = new NacosError('config data not exist', 300, 'ConfigQueryResponse');
  const errors = [isStarting, isUnknown, isMissing, new Error('no answer within 5000 ms')];
  assert.deepEqual(errors.map(isNotFound), [false, false, true, false]);
  assert.deepEqual(errors.map(isRefusal), [false, false, true, false]);
});
