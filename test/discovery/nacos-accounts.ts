/** What weir does on a Nacos that asks for a user: the suite that the double and a real server both pass. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { it, type TestContext } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { loginToNacos } from '../../src/discovery/adapters/nacos/nacos-login.ts';
import { networkRegistries } from '../../src/discovery/adapters/network-registries.ts';
import { endpointsOf } from '../../src/discovery/world/endpoints.ts';
import type { RegistryEvent } from '../../src/discovery/world/registry-event.ts';
import { World } from '../../src/discovery/world/world.ts';
import type { RegistryConfig } from '../../src/mesh/discovery-config.ts';
import { systemClock } from '../../src/platform/clock.ts';
import { instanceOf, Registrar, until } from './nacos-contract.ts';

/** A server that asks for a user; its tokens end after some seconds. */
export interface GuardedNacos {
  readonly port: number;
  /** `user:password`. */
  readonly credentials: string;
  readonly tokenSeconds: number;
}

const LIMIT_MS = 60_000;

/** A follower whose file of user and password may change. */
export function followed(t: TestContext, port: number, app: string | readonly string[], credentials: string) {
  const folder = mkdtempSync(join(tmpdir(), 'weir-nacos-account-'));
  const authFile = join(folder, 'auth');
  const write = (text: string) => writeFileSync(authFile, `${text}\n`, { mode: 0o600 });
  write(credentials);
  const config: RegistryConfig = {
    ...{ name: 'n', kind: 'nacos', servers: [{ host: '127.0.0.1', port }], namespace: 'public', authFile },
    position: { line: 1, column: 1 },
  };
  const world = new World(['n']);
  const states: string[] = [];
  const warnings: string[] = [];
  const ended = new AbortController();
  const emit = (event: RegistryEvent) => {
    world.apply(event);
    if (event.kind === 'state' && states.at(-1) !== event.state) states.push(event.state);
  };
  const apps = [app].flat();
  const wanted = { apps: new Set(apps), interfaces: new Set<string>() };
  const warn = (why: string) => void warnings.push(why);
  const running = networkRegistries(systemClock).followRegistry(config, wanted, { emit, warn }, ended.signal);
  t.after(async () => {
    ended.abort();
    await running;
    rmSync(folder, { recursive: true });
  });
  const addresses = () =>
    apps
      .flatMap((one) => endpointsOf(world, one, null))
      .map(({ address }) => address)
      .join(' ');
  return { config, wanted, write, states, warnings, addresses, state: () => world.states().get('n') };
}

/** Registers an instance by an account of its own. */
export async function registered(
  t: TestContext,
  server: GuardedNacos,
  app: string,
  address: string,
  revision = '0',
): Promise<void> {
  const at = { host: '127.0.0.1', port: server.port };
  const { headers } = await loginToNacos(at, server.credentials, 'auth');
  const provider = await Registrar.open(server.port, headers);
  t.after(() => provider.close());
  await provider.register(app, address, instanceOf(revision));
}

/** Runs the suite. */
export function nacosAccounts(serverOf: () => GuardedNacos): void {
  it('the right user gets lists and pushes, and a token that ends is renewed without a gap', async (t) => {
    const server = serverOf();
    await registered(t, server, 'renewed', '10.5.0.1');
    const follower = followed(t, server.port, 'renewed', server.credentials);
    await until('listed', () => follower.state() === 'synced' && follower.addresses() === '10.5.0.1', LIMIT_MS);
    await sleep(server.tokenSeconds * 2500);
    // Its revision is new: it is asked for by a token that must still count.
    await registered(t, server, 'renewed', '10.5.0.2', 'r2');
    await until('pushed', () => follower.addresses() === '10.5.0.1 10.5.0.2', LIMIT_MS);
    assert.deepEqual([follower.states.includes('lost'), follower.warnings], [false, []]);
  });

  it('a wrong password is said as that with its file; nothing is emptied, and the right one is taken from the file', async (t) => {
    const server = serverOf();
    await registered(t, server, 'changed', '10.6.0.1');
    const follower = followed(t, server.port, 'changed', server.credentials);
    await until('listed', () => follower.state() === 'synced' && follower.addresses() === '10.6.0.1', LIMIT_MS);
    const wrong = `${server.credentials}-no`;
    follower.write(wrong);
    await until('the registry is lost', () => follower.state() === 'lost', LIMIT_MS);
    assert.equal(follower.addresses(), '10.6.0.1');
    const said = new RegExp(
      `the login as .* was refused with 403: .*; see the user and the password in ${follower.config.authFile}`,
    );
    assert.match(follower.warnings[0] ?? '', said);
    const read = networkRegistries(systemClock).readRegistry(follower.config, follower.wanted, () => undefined);
    await assert.rejects(read, (error: { code: string; why: string; hint: string }) => {
      assert.equal(error.code, 'WEIR6002');
      assert.match(error.why, /the login as .* was refused with 403/);
      assert.match(error.hint, /^see the user and the password in /);
      return true;
    });
    follower.write(server.credentials);
    await until('in sync again', () => follower.state() === 'synced', LIMIT_MS);
    assert.equal(follower.addresses(), '10.6.0.1');
  });

  it('a server that asks for a user says so where mesh.yaml names none', async (t) => {
    const server = serverOf();
    const { config, wanted } = followed(t, server.port, 'nobody', server.credentials);
    const { authFile: _, ...bare } = config;
    await assert.rejects(
      networkRegistries(systemClock).readRegistry(bare, wanted, () => undefined),
      (error: { why: string; hint: string }) => {
        assert.match(error.why, /^the server wants a user: /);
        assert.match(error.hint, /name a file with user:password as auth of n in mesh.yaml/);
        return true;
      },
    );
  });
}
