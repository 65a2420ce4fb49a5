/** The Nacos registry on a real server. */
import { after, before, describe } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { NacosConnection } from '../../src/discovery/adapters/nacos/nacos-connection.ts';
import { loginToNacos } from '../../src/discovery/adapters/nacos/nacos-login.ts';
import { systemClock } from '../../src/platform/clock.ts';
import { nacosAccounts } from '../discovery/nacos-accounts.ts';
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
});
