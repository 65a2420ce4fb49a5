/**
 * Generated bootstraps beside their golden files (rewritten by `node --test --test-update-snapshots FILE`). A real Envoy
 * judges the same documents in the end-to-end tests of init and of the agent.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type BootstrapWish, sidecarBootstrap } from '../../../src/sidecar/envoy/sidecar-bootstrap.ts';

const WISH: BootstrapWish = {
  name: 'main',
  outbound: 15_001,
  inbound: 15_006,
  admin: { kind: 'unix', path: '/run/weir/main/admin.sock' },
  accessLog: '/var/log/weir/main.log',
  ipv6: true,
  isTransparent: false,
  dubboPorts: [],
  discovery: null,
};

const WISHES: Readonly<Record<string, BootstrapWish>> = {
  'both-directions': WISH,
  'outbound-ipv4': { ...WISH, inbound: null, ipv6: false, admin: { kind: 'http', host: '127.0.0.1', port: 15_000 } },
  tproxy: { ...WISH, isTransparent: true },
  dubbo: { ...WISH, dubboPorts: [20_880, 20_881] },
  discovery: { ...WISH, discovery: { place: { path: '/run/weir/discovery.sock' }, variant: 'delta' } },
};

for (const [name, wish] of Object.entries(WISHES)) {
  test(`the bootstrap of ${name} is the golden one`, (context) => {
    const path = new URL(`../../fixtures/bootstraps/${name}.json`, import.meta.url).pathname;
    context.assert.fileSnapshot(sidecarBootstrap(wish), path);
  });
}

test('with an agent, the outbound listener is left to it', () => {
  const names = (wish: BootstrapWish) =>
    JSON.stringify(sidecarBootstrap(wish)).match(/"name":"outbound"/g)?.length ?? 0;
  assert.equal(names({ ...WISH, discovery: { place: { path: '/run/weir/discovery.sock' }, variant: 'delta' } }), 0);
  assert.ok(names(WISH) > 0);
});
