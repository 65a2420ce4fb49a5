/** The Nacos registry on a double that passes the suite of the real server. */
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { networkRegistries } from '../../src/discovery/adapters/network-registries.ts';
import { systemClock } from '../../src/platform/clock.ts';
import { FakeNacos } from '../fakes/fake-nacos.ts';
import { followed, nacosAccounts, registered } from './nacos-accounts.ts';
import { nacosContract, until } from './nacos-contract.ts';

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

describe('a Nacos that asks for a user, on a double', () => {
  const account = { user: 'weir', password: 'p:ss', tokenSeconds: 3 };
  let fake: FakeNacos;

  before(async () => {
    fake = await FakeNacos.open(account);
  });

  after(async () => {
    await fake.close();
  });

  const server = () => ({ port: fake.port, credentials: 'weir:p:ss', tokenSeconds: account.tokenSeconds });
  nacosAccounts(server);

  it('is asked with a new token when it takes the old one no more, and nothing is lost', async (t) => {
    const other = await FakeNacos.open({ ...account, tokenSeconds: 600 });
    t.after(() => other.close());
    const guarded = { port: other.port, credentials: 'weir:p:ss', tokenSeconds: 600 };
    await registered(t, guarded, 'forgotten', '10.7.0.1');
    const follower = followed(t, other.port, 'forgotten', guarded.credentials);
    await until('in sync', () => follower.state() === 'synced');
    other.forgetTokens();
    // Its revision is new, and asked for by the token that is forgotten.
    await registered(t, guarded, 'forgotten', '10.7.0.2', 'r2');
    await until('pushed', () => follower.addresses() === '10.7.0.1 10.7.0.2');
    assert.deepEqual([follower.states.includes('lost'), follower.warnings], [false, []]);
  });
});
