import assert from 'node:assert/strict';
import { test } from 'node:test';
import { directedPolicies } from '../../src/intercept/app-policy.ts';
import type { InterceptedApp } from '../../src/intercept/policy.ts';

const APP: InterceptedApp = {
  name: 'payment',
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

test('an ssh peer inside an excluded network and an ssh port inside an excluded range leave no overlap', () => {
  const [outbound] = directedPolicies(APP, {
    apps: [APP],
    guard: { uids: [1337], gids: [] },
    sshPorts: [{ from: 22, to: 22 }],
    sshPeers: [
      { family: 4, text: '10.1.2.3/32' },
      { family: 4, text: '192.0.2.1/32' },
    ],
    reservedPorts: [31],
    keeper: true,
  });
  assert.deepEqual(outbound?.excludeCidrs, [
    { family: 4, text: '10.0.0.0/8' },
    { family: 4, text: '192.0.2.1/32' },
  ]);
  assert.deepEqual(outbound?.excludePorts, [{ from: 20, to: 31 }]);
});
