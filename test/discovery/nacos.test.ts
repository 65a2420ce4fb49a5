/** The Nacos registry on a double that passes the suite of the real server. */
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { networkRegistries } from '../../src/discovery/adapters/network-registries.ts';
import { systemClock } from '../../src/platform/clock.ts';
import { FakeNacos } from '../fakes/fake-nacos.ts';
import { nacosContract } from './nacos-contract.ts';

describe('a Nacos registry, on a double', () => {
  let fake: FakeNacos;

  before(async () => {
    fake = await FakeNacos.open();
  });

  after(async () => {
    await fake.close();
  });

  nacosContract(() => fake);

  it('answers every push, or the server would drop the connection', () => {
    assert.ok(fake.acknowledged > 0);
  });

  it('is not read where no server answers', async () => {
    const position = { line: 1, column: 1 };
    const servers = [{ host: '127.0.0.1', port: 1 }];
    const config = { name: 'n', kind: 'nacos', servers, namespace: 'public', position } as const;
    const wanted = { apps: new Set(['a']), interfaces: new Set<string>() };
    await assert.rejects(
      networkRegistries(systemClock).readRegistry(config, wanted, () => undefined),
      {
        code: 'WEIR6002',
      },
    );
  });
});
