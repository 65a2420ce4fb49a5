/** The Nacos registry on a real server. */
import { after, before, describe } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { NacosConnection } from '../../src/discovery/adapters/nacos/nacos-connection.ts';
import { systemClock } from '../../src/platform/clock.ts';
import { nacosContract } from '../discovery/nacos-contract.ts';
import { NacosLab } from './nacos/nacos-lab.ts';

/** A server is up in 15 to 60 s, as busy as the machine is. */
const UP_SECONDS = 120;

describe('a Nacos registry, on a real Nacos 2.2.4', () => {
  let lab: NacosLab;

  before(async () => {
    lab = await NacosLab.open();
    const server = { host: '127.0.0.1', port: lab.port };
    for (let tries = 0; tries < UP_SECONDS; tries += 1) {
      const options = { server, namespace: 'public', headers: {}, clock: systemClock, pushed: () => undefined };
      const connection = await NacosConnection.open(options).catch(() => null);
      if (connection !== null) return connection.close();
      await sleep(1000);
    }
    throw new Error(`Nacos is not up after ${UP_SECONDS} s`);
  });

  after(async () => {
    await lab?.close();
  });

  nacosContract(() => lab);
});
