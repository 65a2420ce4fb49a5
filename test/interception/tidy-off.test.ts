/** What `weir off` takes out of the rules of nft where many applications share them. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { applyPolicy } from '../../src/interception/apply-rules.ts';
import type { Operation } from '../../src/interception/rules/operations.ts';
import { policyOfPlan } from '../../src/interception/switch-plan.ts';
import { type FakeHost, meshOf } from '../fakes/fake-host.ts';
import { hostWith, off, on, pressPanicFile } from './cases.ts';

const CONFIG = meshOf(`apiVersion: weir.dev/v1
sidecars:
  main: {user: 1337, outbound: 15001, inbound: 15006, admin: "unix:/run/weir/main/admin.sock"}
apps:
  payment: {select: {user: 20001}, sidecar: main}
  report: {select: {user: 20002}, sidecar: main}
  billing: {select: {user: 20003}, sidecar: main}
`);
const NAMES = ['payment', 'report', 'billing'];

test('off of one of three deletes its elements and its switch, and touches nothing else', async () => {
  const host = await withThreeOn();
  const { result, warnings, isWhole } = await off(host, { config: CONFIG });
  assert.deepEqual([result.apps[0]?.after, warnings, isWhole], ['off', [], true]);
  assert.deepEqual(lastOperations(host), [
    'delete-element off',
    'delete-element out_uid_app',
    'delete-element out_uid_mark',
  ]);
  await assertRulesOf(host, ['report', 'billing']);
});

test('where the kernel refuses that, the rules are read again, and compared whole', async () => {
  const host = await withThreeOn();
  const firewall = host.fake('nft');
  const commit = firewall.commit.bind(firewall);
  let refused = 0;
  firewall.commit = async (changes) => {
    if (changes.some(({ operations }) => operations.some(({ op }) => op === 'delete-element')) && refused++ === 0)
      throw new Error('no such element');
    return commit(changes);
  };
  const { warnings, isWhole } = await off(host, { config: CONFIG });
  assert.deepEqual([refused > 0, warnings, isWhole], [true, [], true]);
  await assertRulesOf(host, ['report', 'billing']);
});

test('another application that somebody switched off meanwhile is tidied up as well', async () => {
  const host = await withThreeOn();
  await pressPanicFile(host, 'report');
  await off(host, { config: CONFIG });
  await assertRulesOf(host, ['billing']);
});

test('an application that is on, and whose rules somebody deleted, has them again', async () => {
  const host = await withThreeOn();
  const operations = ['out_uid_app', 'out_uid_mark'].map(
    (map): Operation => ({ op: 'delete-element', table: 'weir', map, key: 20_002 }),
  );
  await host.fake('nft').commit([{ scope: 'inet', operations, undo: [] }]);
  await off(host, { config: CONFIG });
  await assertRulesOf(host, ['report', 'billing']);
});

test('the last two together leave nothing', async () => {
  const host = hostWith('nft');
  const untouched = host.fake('nft').list();
  await on(host, { config: CONFIG, apps: NAMES });
  await off(host, { config: CONFIG });
  await off(host, { config: CONFIG, apps: ['report', 'billing'] });
  assert.equal(host.fake('nft').list(), untouched);
});

async function withThreeOn(): Promise<FakeHost> {
  const host = hostWith('nft');
  await on(host, { config: CONFIG, apps: NAMES });
  return host;
}

/** The kernel holds what these applications alone need. */
async function assertRulesOf(host: FakeHost, names: readonly string[]): Promise<void> {
  const { state } = await host.store.read();
  assert.ok(state !== null);
  assert.deepEqual(
    state.apps.filter(({ desired }) => desired === 'on').map(({ name }) => name),
    [...names].sort(),
  );
  const { changed } = await applyPolicy(host.fake('nft'), policyOfPlan(state, false), []);
  assert.equal(changed, false, 'the rules in the kernel are those of the policy');
}

/** Operation and map of the last transaction. */
function lastOperations(host: FakeHost): string[] {
  const operations = host.fake('nft').committed.at(-1)?.operations ?? [];
  return operations.map((one) => `${one.op} ${'map' in one && typeof one.map === 'string' ? one.map : '?'}`).sort();
}
