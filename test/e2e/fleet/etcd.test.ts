/** A real etcd keeps the contract of a store; and what is known of a write when it does not answer. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { etcdStore } from '../../../src/fleet/adapters/etcd/etcd-store.ts';
import { StoreFailure } from '../../../src/fleet/ports.ts';
import { STORE_CASES } from '../../fleet/store-contract.ts';
import { freePorts } from '../../free-ports.ts';
import { EtcdLab } from './etcd-lab.ts';

let lab: EtcdLab;

before(async () => {
  lab = await EtcdLab.open();
});

after(() => lab.close());

for (const [index, [name, run]] of STORE_CASES.entries()) {
  test(`etcd: ${name}`, { timeout: 60_000 }, async () => {
    const compact = async (revision: string) => {
      const body = JSON.stringify({ revision, physical: true });
      assert.equal((await fetch(`${lab.endpoint}/v3/kv/compaction`, { method: 'POST', body })).status, 200);
    };
    await run({ store: lab.store(), pass: (ms) => sleep(ms), compact }, `case-${index}`);
  });
}

test('a member that is down is passed over; all of them down is told as nothing sent', {
  timeout: 60_000,
}, async () => {
  const [down = 0] = await freePorts(1);
  const dead = `http://127.0.0.1:${down}`;
  const store = lab.store(dead);
  assert.equal((await store.write([], [{ key: '/passed', value: '1' }])).kind, 'written');
  assert.equal((await store.list(['/passed'])).items.length, 1);
  const none = etcdStore({ name: 'east', kind: 'etcd', endpoints: [dead], timeout: 2_000 });
  await assert.rejects(none.write([], [{ key: '/x', value: '1' }]), (error) => {
    return error instanceof StoreFailure && error.fate === 'not-sent' && /ECONNREFUSED/.test(error.message);
  });
});

test('a store that took a write and does not answer leaves its fate unknown', { timeout: 60_000 }, async () => {
  const store = etcdStore({ name: 'east', kind: 'etcd', endpoints: [lab.endpoint], timeout: 2_000 });
  await lab.freeze();
  try {
    await assert.rejects(store.write([], [{ key: '/frozen', value: '1' }]), (error) => {
      return error instanceof StoreFailure && error.fate === 'unknown';
    });
    await assert.rejects(store.list(['/']), StoreFailure);
  } finally {
    lab.thaw();
  }
});
