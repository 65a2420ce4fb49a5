/** The applications of a sidecar as its metrics show them. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { appsOfSidecar } from '../../../src/interception/supervised/app-metrics.ts';
import { hostWith, on } from '../cases.ts';

const OFF = { state: 'off', connections: { proxied: 0, direct: 0 }, lease: null };

test('as long as none was ever switched on, nothing but the state file is asked', async () => {
  const host = hostWith('nft');
  const steps: string[] = [];
  host.onStep = (_step, what) => steps.push(what);
  assert.deepEqual(await appsOfSidecar(host, ['payment'], 'main'), [{ name: 'payment', ...OFF }]);
  assert.equal(
    steps.some((what) => /read rules|connections|firewall/.test(what)),
    false,
    steps.join(', '),
  );
});

test('one that is on is told by what the kernel holds, the others of mesh.yaml as off', async () => {
  const host = hostWith('nft');
  await on(host);
  const apps = await appsOfSidecar(host, ['payment', 'ledger'], 'main');
  assert.deepEqual(
    apps.map(({ name, state }) => `${name} ${state}`),
    ['payment on', 'ledger off'],
  );
});

test('applications of another sidecar are not among them', async () => {
  const host = hostWith('nft');
  await on(host);
  assert.deepEqual(await appsOfSidecar(host, [], 'other'), []);
  assert.deepEqual(
    (await appsOfSidecar(host, [], 'main')).map(({ name }) => name),
    ['payment'],
  );
});

test('none is told as off while the state file cannot be read', async () => {
  const host = hostWith('nft');
  await on(host);
  [host.stored, host.storeProblem] = [null, 'state.json was written by a newer weir'];
  await assert.rejects(appsOfSidecar(host, ['payment'], 'main'), /written by a newer weir/);
});
