/** The policy of one application. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { directedPolicies } from '../../../src/interception/rules/app-policy.ts';
import type { InterceptedApp, InterceptPolicy } from '../../../src/interception/rules/policy.ts';
import { hashPolicy } from '../../../src/interception/rules/policy-hash.ts';

const APP: InterceptedApp = {
  name: 'payment',
  mode: 'redirect',
  slot: 1,
  select: { kind: 'users', uids: [20_001] },
  outboundPort: 15_001,
  inboundPort: null,
  outbound: {
    ports: [],
    cidrs: [],
    exclude: { ports: [{ from: 20, to: 30 }], cidrs: [{ family: 4, text: '10.0.0.0/8' }] },
  },
  inbound: null,
  families: { ipv4: true, ipv6: true },
  acceptsSshRisk: false,
  leaseSeconds: null,
  deadline: null,
};

const POLICY: InterceptPolicy = {
  apps: [APP],
  guard: { uids: [1337], gids: [] },
  sshPorts: [{ from: 22, to: 22 }],
  sshPeers: [
    { family: 4, text: '10.1.2.3/32' },
    { family: 4, text: '192.0.2.1/32' },
  ],
  reservedPorts: [31],
  keeper: true,
};

test('an ssh peer inside an excluded network and an ssh port inside an excluded range leave no overlap', () => {
  const [outbound] = directedPolicies(APP, POLICY);
  assert.deepEqual(outbound?.excludeCidrs, [
    { family: 4, text: '10.0.0.0/8' },
    { family: 4, text: '192.0.2.1/32' },
  ]);
  assert.deepEqual(outbound?.excludePorts, [{ from: 20, to: 31 }]);
});

test('the hash of a redirect is the one that rules of before carry, and another with transparent proxying', () => {
  const policy = {
    apps: [],
    guard: { uids: [1337], gids: [] },
    sshPorts: [],
    sshPeers: [],
    reservedPorts: [],
    keeper: true,
  };
  const hashOf = (app: InterceptedApp) => directedPolicies(app, policy)[0]?.hash;
  assert.equal(hashOf(APP), '9429e247');
  assert.notEqual(hashOf({ ...APP, mode: 'tproxy' }), hashOf(APP));
  assert.notEqual(hashOf({ ...APP, leaseSeconds: 30 }), hashOf(APP));
});

test('the hash is that of the whole decision, and applications of one shape share their lists', () => {
  const other: InterceptedApp = { ...APP, name: 'report', slot: 2, select: { kind: 'group', gid: 7 } };
  const leased: InterceptedApp = { ...APP, name: 'leased', slot: 3, leaseSeconds: 3 };
  const policy = { ...POLICY, apps: [APP, other, leased] };
  const [one, two, three] = policy.apps.map((app) => directedPolicies(app, policy)[0]);
  assert.ok(one && two && three);
  for (const [directed, app] of [
    [one, APP],
    [two, other],
  ] as const) {
    const { port, includePorts, includeCidrs, excludePorts, excludeCidrs, mark } = directed;
    const { families, select } = app;
    const lists = { includePorts, includeCidrs, excludePorts, excludeCidrs };
    assert.equal(directed.hash, hashPolicy({ ...lists, port, families, leased: false, select, mark }));
  }
  assert.equal(one.shape, two.shape);
  assert.equal(one.excludeCidrs, two.excludeCidrs);
  assert.notEqual(one.shape, three.shape);
  assert.notEqual(one.hash, three.hash);
});

test('another policy leaves other things alone: nothing is taken from an earlier one', () => {
  const before = directedPolicies(APP, POLICY)[0];
  const after = directedPolicies(APP, { ...POLICY, reservedPorts: [40] })[0];
  assert.notEqual(before?.hash, after?.hash);
  assert.deepEqual(after?.excludePorts, [
    { from: 20, to: 30 },
    { from: 40, to: 40 },
  ]);
});
