/** Switching off by what the kernel's rules say. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { diffRulesets } from '../../../src/interception/rules/diff.ts';
import { compileIptables } from '../../../src/interception/rules/iptables/compile-iptables.ts';
import { compileNft } from '../../../src/interception/rules/nft/compile-nft.ts';
import { describeInstalled, switchedOff, switchOffOperations } from '../../../src/interception/rules/off-switches.ts';
import type { InterceptPolicy } from '../../../src/interception/rules/policy.ts';
import type { Ruleset } from '../../../src/interception/rules/ruleset.ts';
import type { OffCause } from '../../../src/interception/rules/tag.ts';
import { FakeFirewall } from '../../fakes/fake-firewall.ts';
import { ALL_TRAFFIC, appOf, policyOf } from './apps.ts';

const PAYMENT = appOf('payment');
const WEB = appOf('web', {
  slot: 2,
  select: { kind: 'group', gid: 2002 },
  inbound: { ...ALL_TRAFFIC, ports: [{ from: 80, to: 80 }] },
});
const POLICY = policyOf(PAYMENT, WEB);

/** A fake firewall with a policy installed, and its rulesets. */
async function install(backend: 'nft' | 'iptables-nft', policy: InterceptPolicy = POLICY) {
  const firewall = new FakeFirewall(backend, () => 0);
  const wanted =
    backend === 'nft'
      ? [compileNft(policy)]
      : ([4, 6] as const).map((family) => compileIptables(policy, { family, madeTable: false }));
  const commit = async (change: (ruleset: Ruleset) => ReturnType<typeof switchOffOperations>) => {
    const { rulesets } = await firewall.read();
    await firewall.commit(rulesets.map((one) => ({ scope: one.scope, operations: change(one), undo: [] })));
  };
  await commit((one) => diffRulesets(one, wanted.find(({ scope }) => scope === one.scope) ?? one));
  return {
    rulesets: async () => (await firewall.read()).rulesets,
    off: (apps: readonly string[] | 'all', cause: OffCause) => commit((one) => switchOffOperations(one, apps, cause)),
    commit,
  };
}

for (const backend of ['nft', 'iptables-nft'] as const) {
  test(`${backend}: applications are described by what their rules in the kernel say`, async () => {
    const { rulesets } = await install(backend);
    const apps = describeInstalled(await rulesets());
    assert.deepEqual(
      apps.map(({ app, slot, marks, families, off, expiresMs, epochSeconds }) => ({
        ...{ app, slot, marks: marks.map((mark) => mark.toString(16)), families, off, expiresMs, epochSeconds },
      })),
      [
        { app: 'payment', slot: 1, marks: ['57000110'], families: { ipv4: true, ipv6: true }, off: [], ...FOREVER },
        {
          app: 'web',
          slot: 2,
          marks: ['57000210', '57000220'],
          families: { ipv4: true, ipv6: true },
          off: [],
          ...FOREVER,
        },
      ],
    );
    assert.ok(apps.every(({ hashes }) => hashes.length > 0 && hashes.every((hash) => /^[0-9a-f]{8}$/.test(hash))));
  });

  test(`${backend}: an application for one family is described so`, async () => {
    const { rulesets } = await install(backend, policyOf(appOf('payment', { families: { ipv4: true, ipv6: false } })));
    assert.deepEqual(describeInstalled(await rulesets())[0]?.families, { ipv4: true, ipv6: false });
  });

  test(`${backend}: switching off adds, once, for all directions of the applications that are named`, async () => {
    const host = await install(backend);
    await host.off(['web'], 'operator');
    assert.deepEqual([...switchedOff(await host.rulesets())], [['web', ['operator']]]);
    for (const one of await host.rulesets()) {
      assert.deepEqual(switchOffOperations(one, ['web', 'nobody'], 'operator'), []);
      assert.ok(
        switchOffOperations(one, 'all', 'operator').every(({ op }) => op === 'add-element' || op === 'insert-rule'),
      );
    }
    await host.off('all', 'operator');
    assert.deepEqual([...switchedOff(await host.rulesets()).keys()], ['payment', 'web']);
  });

  test(`${backend}: an operator's switch and a supervisor's are both kept`, async () => {
    const host = await install(backend);
    await host.off(['payment'], 'off.sh');
    await host.off(['payment'], 'bypass');
    assert.deepEqual([...switchedOff(await host.rulesets())], [['payment', ['bypass', 'off.sh']]]);
  });

  test(`${backend}: an application of which one direction is still diverted is not off`, async () => {
    const host = await install(backend);
    await host.commit((one) => switchOffOperations(one, ['web'], 'operator').slice(0, 1));
    assert.deepEqual(switchedOff(await host.rulesets()).size, 0);
    await host.off(['web'], 'operator');
    assert.deepEqual([...switchedOff(await host.rulesets()).keys()], ['web']);
  });
}

const FOREVER = { expiresMs: null, epochSeconds: null };

test('the same operations come from rules that were compiled as from rules that were read', async () => {
  const { rulesets } = await install('nft');
  const [read] = await rulesets();
  assert.ok(read);
  assert.deepEqual(
    switchOffOperations(compileNft(POLICY), 'all', 'bypass'),
    switchOffOperations(read, 'all', 'bypass'),
  );
});

test('nft: the time that is left is that of the last element, there is none while one stays, and nothing is left when they have lapsed', () => {
  const policy = policyOf(
    appOf('payment', {
      select: { kind: 'users', uids: [1, 2] },
      deadline: { timeoutMs: 60_000, epochSeconds: 1_900_000_000 },
    }),
  );
  const wanted = compileNft(policy);
  const withLeft = (left: readonly (number | null)[]): Ruleset => ({
    ...wanted,
    tables: wanted.tables.map((table) => ({
      ...table,
      maps: table.maps.map((map) =>
        map.value === 'verdict'
          ? {
              ...map,
              elements: left.map(
                (expiresMs, index) =>
                  ({ ...map.elements[index], ...(expiresMs === null ? { timeoutMs: null } : { expiresMs }) }) as never,
              ),
            }
          : map,
      ),
    })),
  });
  assert.equal(describeInstalled([withLeft([17_000, 20_000])])[0]?.expiresMs, 20_000);
  assert.equal(describeInstalled([withLeft([17_000, null])])[0]?.expiresMs, null);
  assert.deepEqual(describeInstalled([withLeft([])]), []);
});

test('iptables: the date of an unconfirmed application is found in its rules', () => {
  const policy = policyOf(appOf('payment', { deadline: { timeoutMs: 60_000, epochSeconds: 1_900_000_000 } }));
  const wanted = compileIptables(policy, { family: 6, madeTable: false });
  assert.equal(describeInstalled([wanted])[0]?.epochSeconds, 1_900_000_000);
});
