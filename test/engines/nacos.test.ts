/** The Nacos registry on a real server. */
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { NacosConnection } from '../../src/discovery/adapters/nacos/nacos-connection.ts';
import { loginToNacos } from '../../src/discovery/adapters/nacos/nacos-login.ts';
import { systemClock } from '../../src/platform/clock.ts';
import { followed, nacosAccounts, registered } from '../discovery/nacos-accounts.ts';
import { nacosContract } from '../discovery/nacos-contract.ts';
import { until } from '../until.ts';
import { NACOS_CREDENTIALS, NacosLab } from './nacos/nacos-lab.ts';

/** A server is up in 15 to 60 s, as busy as the machine is. */
const UP_SECONDS = 120;

async function untilUp({ port }: NacosLab): Promise<void> {
  const server = { host: '127.0.0.1', port };
  for (let tries = 0; tries < UP_SECONDS; tries += 1) {
    const options = { server, namespace: 'public', headers: () => ({}), clock: systemClock, pushed: () => undefined };
    const connection = await NacosConnection.open(options).catch(() => null);
    if (connection !== null) return connection.close();
    await sleep(1000);
  }
  throw new Error(`Nacos is not up after ${UP_SECONDS} s`);
}

describe('a Nacos registry, on a real Nacos 2.2.4', () => {
  let lab: NacosLab;

  before(async () => {
    lab = await NacosLab.open();
    await untilUp(lab);
  });

  after(async () => {
    await lab?.close();
  });

  nacosContract(() => lab);
});

describe('a Nacos that asks for a user, on a real Nacos 2.2.4', () => {
  const tokenSeconds = 8;
  let lab: NacosLab;

  before(async () => {
    lab = await NacosLab.open(tokenSeconds);
    await untilUp(lab);
    // It reads its users some seconds after it takes requests.
    const server = { host: '127.0.0.1', port: lab.port };
    const login = () => loginToNacos(server, NACOS_CREDENTIALS, '').catch(() => null);
    await until('a login is taken', login, { patienceMs: UP_SECONDS * 1000 });
  });

  after(async () => {
    await lab?.close();
  });

  nacosAccounts(() => ({ port: lab.port, credentials: NACOS_CREDENTIALS, tokenSeconds }));

  it('a user who may read one application gets that one, and the other as soon as he may read it', async (t) => {
    const server = { port: lab.port, credentials: NACOS_CREDENTIALS, tokenSeconds };
    await registered(t, server, 'mine', '10.8.0.1');
    await registered(t, server, 'theirs', '10.8.0.2');
    const write = async (what: string, fields: Readonly<Record<string, string>>) => {
      const { headers } = await loginToNacos({ host: '127.0.0.1', port: lab.port }, NACOS_CREDENTIALS, '');
      const query = new URLSearchParams({ ...fields, ...headers });
      const answer = await fetch(`http://127.0.0.1:${lab.port}/nacos/v1/auth/${what}?${query}`, { method: 'POST' });
      assert.ok(answer.ok, `${what}: ${answer.status} ${await answer.text()}`);
    };
    const allow = (app: string) =>
      write('permissions', { role: 'half', resource: `public:DEFAULT_GROUP:naming/${app}`, action: 'r' });
    await write('users', { username: 'half', password: 'secret' });
    await write('roles', { role: 'half', username: 'half' });
    await allow('mine');
    const follower = followed(t, lab.port, ['mine', 'theirs'], 'half:secret');
    const isHalf = async () => follower.state() === 'synced' && follower.addresses() === '10.8.0.1';
    // A server reads users and rights anew every 15 s.
    await until('the one', isHalf, { patienceMs: UP_SECONDS * 1000, tell: () => follower.warnings.join('\n') });
    assert.match(follower.warnings.join('\n'), /service theirs: .*also after a new login as half/);
    await allow('theirs');
    const isWhole = async () => follower.state() === 'synced' && follower.addresses() === '10.8.0.1 10.8.0.2';
    await until('both', isWhole, { patienceMs: UP_SECONDS * 1000, tell: () => follower.warnings.join('\n') });
  });
});
