/** Whatever stands in a registry, a real Envoy refuses nothing of what the agent makes of it. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import fc from 'fast-check';
import { startBenchEnvoy } from '../../../scripts/bench/discovery/bench-envoy.ts';
import { serveAds } from '../../../src/discovery/adapters/ads-server.ts';
import type { AgentAction, AgentEvent } from '../../../src/discovery/agent/discovery-event.ts';
import { DiscoveryMachine } from '../../../src/discovery/agent/discovery-machine.ts';
import type { AdsServer } from '../../../src/discovery/ports.ts';
import { readInstanceNode } from '../../../src/discovery/world/read-instance.ts';
import { readRevisionMetadata } from '../../../src/discovery/world/read-metadata.ts';
import { readProviderUrl } from '../../../src/discovery/world/read-provider-url.ts';
import type { RegistryEvent } from '../../../src/discovery/world/registry-event.ts';
import { planOf } from '../../discovery/agent/machine-stage.ts';
import { freePorts } from '../../free-ports.ts';
import { GATE_SEED } from '../../seed.ts';

const WORLDS = Number(process.env.WEIR_WORLDS ?? 60);
const LIMIT_MS = 90_000;
const folder = mkdtempSync(join(tmpdir(), 'weir-hostile-'));
after(() => rmSync(folder, { recursive: true, force: true }));

const text = fc.oneof(
  fc.constantFrom(
    '',
    ' ',
    '*',
    'com.*',
    '*.B',
    'com.B',
    'Com.b',
    'a b',
    '\u0000',
    '\n',
    '%',
    '%2F',
    '"',
    '\\',
    '(?s).*',
    '{}',
  ),
  fc.constantFrom('x/y', '0.0.0', '1.0', '::', 'é', '𝒳', '\ud800', '\u2028', 'a'.repeat(600), '$', 'original', 'dubbo'),
  fc.string({ unit: 'binary', maxLength: 12 }),
);
const number = fc.oneof(
  fc.constantFrom(0, -1, 1, 100, 65_535, 65_536, 2 ** 31, 2 ** 32, 2 ** 53, 1.5, 1e300),
  fc.integer(),
);
const address = fc.oneof(
  fc.constantFrom(
    '10.0.0.1',
    '10.0.0.2',
    '10.0.0.3',
    '::1',
    'fd00::1',
    '::ffff:10.0.0.1',
    '0.0.0.0',
    '010.0.0.1',
    '1.2.3',
  ),
  fc.constantFrom('255.255.255.255', '224.0.0.1', '127.0.0.1', 'host.example', 'fe80::1%eth0', '10.0.0.1/8'),
);
const port = fc.oneof(fc.constantFrom(20_880, 20_881, 0, 65_535, 65_536), number);
const params = fc.dictionary(
  fc.oneof(fc.constantFrom('weight', 'serialization', 'prefer.serialization', 'token', 'unit', 'm.0.callback'), text),
  fc.oneof(text, number.map(String), fc.constantFrom('hessian2', 'fastjson2', 'true', 'a', 'b')),
  { maxKeys: 4 },
);
const app = fc.constantFrom('pay', 'stock');

const instance = fc
  .record({ app, address, port, id: fc.nat(6), revision: fc.constantFrom('r1', 'r2', '0', ''), labels: params })
  .map((one): RegistryEvent => {
    const metadata = { ...one.labels, 'dubbo.metadata.revision': one.revision };
    const value = JSON.stringify({ address: one.address, port: one.port, payload: { metadata } });
    const read = readInstanceNode(`/services/${one.app}/${one.id}`, one.app, value);
    return { registry: 'hz', kind: 'instance', app: one.app, id: String(one.id), read };
  });
const metadata = fc
  .record({
    app,
    revision: fc.constantFrom('r1', 'r2'),
    services: fc.array(
      fc.record({ name: text, group: text, version: text, protocol: fc.constantFrom('dubbo', 'tri'), params }),
      {
        maxLength: 4,
      },
    ),
  })
  .map((one): RegistryEvent => {
    const value = JSON.stringify({
      services: Object.fromEntries(one.services.map((service, at) => [String(at), service])),
    });
    const read = readRevisionMetadata('/m', one.app, one.revision, value);
    return { registry: 'hz', kind: 'metadata', app: one.app, revision: one.revision, read };
  });
const scheme = fc.constantFrom('dubbo', 'tri', 'grpc', 'rest');
const providers = fc
  .record({
    name: text,
    list: fc.array(fc.record({ app, scheme, address, port, group: text, version: text, params }), { maxLength: 4 }),
  })
  .map(({ name, list }): RegistryEvent => {
    const listed = list.map((one) => {
      const host = one.address.includes(':') ? `[${one.address}]` : one.address;
      const query = Object.entries({ ...one.params, application: one.app, group: one.group, version: one.version });
      const url = `${one.scheme}://${host}:${one.port}/${name}?${query.map(([key, value]) => `${key}=${value}`).join('&')}`;
      const node = encodeURIComponent(url.toWellFormed());
      return [node, readProviderUrl(`/dubbo/${name}/providers`, name, node)] as const;
    });
    return { registry: 'hz', kind: 'providers', interface: name, listed: new Map(listed) };
  });
const world = fc.array(fc.oneof(instance, metadata, providers), { minLength: 1, maxLength: 12 });

test('whatever a registry holds, an Envoy takes all that is published', { timeout: 120_000 }, async (t) => {
  const [outbound = 0] = await freePorts(1);
  const unit = { label: 'unit', own: 'a', mode: 'prefer' as const, center: [], spillPercent: 50 };
  const health = { most: 2, intervalMs: 1_000 };
  const plan = { ...planOf(), unit, health, sidecars: [{ name: 'main', outbound, uid: null, gid: null }] };
  // The machine's clock runs ahead: lists are judged after a quiet time, clusters go after a minute.
  let aheadMs = 0;
  const now = () => performance.now() + aheadMs;
  const machine = new DiscoveryMachine(plan, { ipv6: false, snapshot: null }, now());
  let server: AdsServer | null = null;
  const perform = (actions: readonly AgentAction[]) => {
    for (const action of actions) if (action.type === 'write') server?.write(action.stream, action.bytes);
  };
  const step = (event: AgentEvent) => perform(machine.step(event, now()));
  const socket = join(folder, 'd.sock');
  server = await serveAds([{ path: socket, uid: null, gid: null }], {
    opened: (stream) => step({ type: 'opened', stream }),
    request: (stream, request) => step({ type: 'request', stream, request }),
    closed: (stream) => step({ type: 'closed', stream }),
  });
  t.after(() => server?.close());
  step({ type: 'registry', event: { registry: 'hz', kind: 'state', state: 'synced' }, atMs: 0 });
  const envoy = await startBenchEnvoy(folder, socket, outbound);
  t.after(() => envoy.stop());
  const stream = () => [...machine.streams.values()][0]?.xds?.stream;
  const worlds = fc.sample(world, { seed: GATE_SEED, numRuns: WORLDS });
  for (const [index, events] of worlds.entries()) {
    for (const event of events) step({ type: 'registry', event, atMs: 0 });
    for (const ms of [1_000, 3_000, 61_000]) {
      aheadMs += ms;
      step({ type: 'tick' });
      for (const name of ['pay', 'stock']) perform(machine.confirm(name, now())?.actions ?? []);
    }
    const deadline = now() + LIMIT_MS;
    while (stream()?.isSettled !== true && now() < deadline) await sleep(2);
    assert.deepEqual(
      stream()?.rejected,
      [],
      `world ${index} of seed ${GATE_SEED}: ${JSON.stringify(events).slice(0, 3000)}`,
    );
    assert.equal(stream()?.isSettled, true, `world ${index}: Envoy does not answer`);
  }
  t.diagnostic(`${worlds.length} registries, ${stream()?.acked} responses taken`);
});
