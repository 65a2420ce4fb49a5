/** `weir plan` beside the rules that on installs. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { planChanges } from '../../src/interception/plan-changes.ts';
import { type FakeHost, listener, meshOf } from '../fakes/fake-host.ts';
import { BACKENDS, hostWith, on } from './cases.ts';

/** Listeners of the sidecar, on some families; at least IPv4 for each direction. */
const LISTENERS = {
  both: ['127.0.0.1', '::1', '0.0.0.0', '::'],
  'IPv4 alone': ['127.0.0.1', '127.0.0.1', '0.0.0.0', '0.0.0.0'],
  'inbound on IPv4 alone': ['127.0.0.1', '::1', '0.0.0.0', '0.0.0.0'],
} as const;

const direction = fc.constantFrom(
  '',
  ', outbound: {ports: [20880]}',
  ', outbound: false',
  ', outbound: {cidrs: [10.0.0.0/8]}',
);

const arbitraryApp = fc.record({
  outbound: direction,
  hasInbound: fc.boolean(),
  deny: fc.boolean(),
  lease: fc.constantFrom('', ', lease: 3s'),
});

const arbitraryCase = fc.record({
  apps: fc.array(arbitraryApp, { minLength: 1, maxLength: 3 }),
  listeners: fc.constantFrom(...(Object.keys(LISTENERS) as (keyof typeof LISTENERS)[])),
  backend: fc.constantFrom(...BACKENDS),
  hasIpv6: fc.boolean(),
  isSupervised: fc.boolean(),
  before: fc.boolean(),
});

test('what plan shows of applications is what on of them installs', async () => {
  let compared = 0;
  await fc.assert(
    fc.asyncProperty(arbitraryCase, async ({ apps, listeners, backend, hasIpv6, isSupervised, before }) => {
      const entries = apps.map(({ outbound, hasInbound, deny, lease }, index) => {
        const inbound = hasInbound || outbound.includes('false') ? `, inbound: {ports: [${8080 + index}]}` : '';
        return `  app${index}: {select: {user: ${20_001 + index}}, sidecar: main${outbound}${inbound}${deny ? ', onFailure: deny' : ''}${lease}}`;
      });
      const config = meshOf(`apiVersion: weir.dev/v1
sidecars:
  main: {user: 1337, outbound: 15001, inbound: 15006, admin: "unix:/run/weir/main/admin.sock"}
apps:
${entries.join('\n')}
`);
      const host: FakeHost = hostWith(backend);
      const [out4, out6, in4, in6] = LISTENERS[listeners];
      host.listeners = [listener(out4, 15_001), listener(out6, 15_001), listener(in4, 15_006), listener(in6, 15_006)];
      host.networkFacts = { ...host.networkFacts, hasIpv6 };
      host.hasSupervisor = isSupervised;
      const names = [...config.apps.keys()];
      // Another application may be on already, and keeps its slot.
      if (before) await on(host, { config, apps: names.slice(-1) }).catch(() => null);
      const request = { config, apps: names, backend: 'auto' } as const;
      const planned = await planChanges(host, request);
      const refused = await on(host, { config, apps: names }).then(
        () => false,
        () => true,
      );
      if (refused) return;
      compared += 1;
      const installed = await planChanges(host, request);
      assert.equal(installed.result.changes, '');
      assert.equal(planned.result.text, installed.result.text);
    }),
    { numRuns: 150 },
  );
  assert.ok(compared > 50, String(compared));
});
