/** Who decides of an application on a host. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import { decide, nextExpiry } from '../../../src/fleet/model/decide.ts';
import type { MeshPolicy, PolicyRule } from '../../../src/fleet/model/object-schemas.ts';
import { hostBucket, selects } from '../../../src/fleet/model/selector.ts';

const HOST = { name: 'host-1', labels: { unit: 'u1', zone: 'z1' } };
const NOW = Date.parse('2029-01-01T00:00:00Z');

function policy(name: string, rules: PolicyRule[], { apps = ['payment'], priority = 0 } = {}): MeshPolicy {
  return { apiVersion: 'weir.dev/v1', kind: 'MeshPolicy', metadata: { name }, spec: { apps, priority, rules } };
}

const stateOf = (...policies: MeshPolicy[]) => decide(policies, 'payment', HOST, NOW)?.state ?? null;

test('the last rule that selects the host and has not expired speaks for a policy', () => {
  const elsewhere: PolicyRule = { state: 'denied', hosts: { names: ['host-2'] } };
  const ended: PolicyRule = { state: 'off', until: '2028-12-31T00:00:00Z' };
  assert.equal(stateOf(policy('a', [{ state: 'on' }, { state: 'off' }])), 'off');
  assert.equal(stateOf(policy('a', [{ state: 'on' }, elsewhere, ended])), 'on');
  assert.equal(stateOf(policy('a', [elsewhere, ended])), null);
  const found = decide(
    [policy('a', [{ state: 'on' }, { state: 'off', reason: 'trial', until: '2030-01-01T00:00:00Z' }])],
    'payment',
    HOST,
    NOW,
  );
  assert.deepEqual(found, { state: 'off', policy: 'a', rule: 1, reason: 'trial', until: '2030-01-01T00:00:00Z' });
});

test('the highest priority speaks; among equals off beats denied beats on, in whatever order they come', () => {
  const on = policy('on', [{ state: 'on' }]);
  const denied = policy('denied', [{ state: 'denied' }]);
  const off = policy('off', [{ state: 'off' }]);
  const high = policy('high', [{ state: 'on' }], { priority: 5 });
  for (const policies of [
    [on, denied, off],
    [off, denied, on],
    [denied, off, on],
  ]) {
    assert.equal(stateOf(...policies), 'off');
    assert.equal(stateOf(...policies, high), 'on');
    assert.equal(stateOf(...policies.filter((one) => one !== off)), 'denied');
  }
});

test('"*" names every application, and a policy of another one says nothing', () => {
  assert.equal(stateOf(policy('all', [{ state: 'off' }], { apps: ['*'] })), 'off');
  assert.equal(stateOf(policy('other', [{ state: 'off' }], { apps: ['orders'] })), null);
});

test('a selector holds when all of its parts do', () => {
  assert.equal(selects(undefined, HOST, 's'), true);
  assert.equal(selects({}, HOST, 's'), true);
  assert.equal(selects({ names: ['host-1'], labels: { unit: 'u1' } }, HOST, 's'), true);
  assert.equal(selects({ names: ['host-1'], labels: { unit: 'u2' } }, HOST, 's'), false);
  assert.equal(selects({ labels: { toString: 'x' } }, HOST, 's'), false);
  assert.equal(selects({ percent: 0 }, HOST, 's'), false);
  assert.equal(selects({ percent: 100 }, HOST, 's'), true);
});

test('the share of a host is that of the contract, and a growing one keeps the hosts that it had', () => {
  const first = createHash('sha256').update('payment/host-1').digest().readUInt32BE(0);
  assert.equal(hostBucket('payment', 'host-1'), (first / 2 ** 32) * 100);
  const hosts = Array.from({ length: 2_000 }, (_, index) => ({ name: `h${index}`, labels: {} }));
  let before = new Set<string>();
  for (const percent of [1, 10, 30, 70, 99]) {
    const now = new Set(hosts.filter((host) => selects({ percent }, host, 'payment')).map(({ name }) => name));
    assert.ok([...before].every((name) => now.has(name)));
    assert.ok(Math.abs(now.size / 20 - percent) < 4, `${now.size} of 2000 at ${percent} %`);
    before = now;
  }
});

test('the next end of a rule is the earliest that is to come', () => {
  const policies = [
    policy('a', [
      { state: 'on', until: '2028-01-01T00:00:00Z' },
      { state: 'on', until: '2029-06-01T00:00:00Z' },
    ]),
    policy('b', [{ state: 'on', until: '2029-03-01T00:00:00Z' }, { state: 'off' }]),
  ];
  assert.equal(nextExpiry(policies, NOW), Date.parse('2029-03-01T00:00:00Z'));
  assert.equal(nextExpiry([], NOW), null);
});
