/** The hand codec judged by a real Envoy: what it reads from the bytes is what it reads from the JSON. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { envoyBinary } from '../../../scripts/setup/envoy.ts';
import { AddressSet } from '../../../src/discovery/resources/address-set.ts';
import {
  assignment,
  followedCluster,
  originalCluster,
  originalHttpCluster,
  staticCluster,
} from '../../../src/discovery/resources/clusters.ts';
import { dubboRoutes, encodedDubboRoutes } from '../../../src/discovery/resources/dubbo-routes.ts';
import { followedListener, outboundListener } from '../../../src/discovery/resources/outbound-listener.ts';
import { planClusters } from '../../../src/discovery/resources/plan-clusters.ts';
import type { Endpoint } from '../../../src/discovery/world/endpoints.ts';
import { encodeMessage } from '../../../src/discovery/xds/encode-message.ts';
import { ProtoWriter } from '../../../src/discovery/xds/proto-writer.ts';
import { exchangeHttp } from '../../../src/platform/http-exchange.ts';
import { freePorts } from '../../free-ports.ts';

const LIMIT_MS = 90_000;
const NODE = ['--service-node', 'x', '--service-cluster', 'x'];

function endpoint(host: number, services: readonly string[], port = 20_880): Endpoint {
  return {
    ...{ app: 'pay', address: `10.0.${host}.1`, port, protocol: 'dubbo', labels: {}, unit: null, weight: host },
    ...{ layouts: ['application'], straight: null, registries: ['hz'], services: new Set(services) },
  };
}

const PLAN = planClusters([
  endpoint(1, ['com.acme.A', 'blue/com.acme.B:1.0']),
  endpoint(2, ['com.acme.A', 'blue/com.acme.B:1.0', 'com.acme.C']),
  endpoint(3, ['com.acme.C'], 20_990),
  { ...endpoint(4, ['com.acme.D']), address: 'fd00::4' },
  { ...endpoint(5, ['com.acme.A', 'blue/com.acme.B:1.0'], 50_051), protocol: 'tri' },
]);
const CHECKED = { chain: 'http', health: { most: 20, intervalMs: 1_500 } } as const;

/** Everything that is ever sent, once; the listeners are on free ports. */
function resources([first = 0, second = 0]: readonly number[]): {
  readonly listeners: readonly object[];
  readonly clusters: readonly object[];
} {
  const members = [
    { address: '10.0.0.1', port: 1, weight: 1, priority: 0 as const },
    { address: 'fd00::1', port: 65_535, weight: 1_000_000, priority: 1 as const },
  ];
  const spill = {
    ...(staticCluster({ name: 'spill', members }) as object),
    load_assignment: assignment('spill', members, 30),
  };
  const read = new Map([[20_880, new AddressSet(['10.0.0.1', '10.0.0.2', '10.0.0.3', 'fd00::1'])]]);
  const http = new Map([[50_051, new AddressSet(['10.0.0.9'])]]);
  return {
    listeners: [
      outboundListener(PLAN, first, false),
      {
        ...(followedListener(read, second, false, http) as object),
        name: 'followed',
      },
    ],
    clusters: [
      ...[
        originalCluster(),
        originalHttpCluster(),
        followedCluster('pay|1'),
        followedCluster('pay|2|http', 1, CHECKED),
        spill,
      ],
      ...PLAN.clusters.map((one) => staticCluster(one)),
    ],
  };
}

/** What an Envoy says that it was started with. */
async function readBack(folder: string, file: string): Promise<unknown> {
  const admin = join(folder, `${file}.sock`);
  const argv = ['-c', join(folder, file), '--disable-hot-restart', '--concurrency', '1', '-l', 'error', ...NODE];
  const where = `admin: {address: {pipe: {path: ${admin}}}}`;
  const envoy = spawn(envoyBinary('1.40.0'), [...argv, '--config-yaml', where], {
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let said = '';
  envoy.stderr.setEncoding('utf8').on('data', (text: string) => {
    said += text;
  });
  try {
    const deadline = Date.now() + LIMIT_MS;
    for (;;) {
      const place = { kind: 'unix', path: admin } as const;
      const request = { method: 'GET', path: '/config_dump', timeoutMs: 2_000, maxBytes: 8 * 1024 * 1024 } as const;
      const outcome = await exchangeHttp(place, request);
      if (outcome.kind === 'answered' && outcome.isWhole) return bootstrapOf(outcome.body);
      if (envoy.exitCode !== null) throw new Error(`Envoy refuses ${file}: ${said.slice(-2000)}`);
      if (Date.now() > deadline) throw new Error(`the admin of ${file} does not answer: ${said.slice(-2000)}`);
      await sleep(50);
    }
  } finally {
    envoy.kill('SIGKILL');
  }
}

function bootstrapOf(dump: string): unknown {
  const { configs } = JSON.parse(dump) as { configs: { bootstrap?: { static_resources: unknown } }[] };
  return configs.find(({ bootstrap }) => bootstrap !== undefined)?.bootstrap?.static_resources;
}

test('an Envoy reads from the bytes of the codec what it reads from the JSON of the same resources', {
  timeout: 60_000,
}, async () => {
  const folder = mkdtempSync(join(tmpdir(), 'weir-codec-'));
  try {
    const { listeners, clusters } = resources(await freePorts(2));
    const ads = {
      ads_config: {
        api_type: 'DELTA_GRPC',
        transport_api_version: 'V3',
        grpc_services: [{ envoy_grpc: { cluster_name: 'spill' } }],
      },
    };
    writeFileSync(
      join(folder, 'a.json'),
      JSON.stringify({ static_resources: { listeners, clusters }, dynamic_resources: ads }),
    );
    const all = new ProtoWriter();
    for (const one of listeners) all.bytesField(1, encodeMessage('envoy.config.listener.v3.Listener', one));
    for (const one of clusters) all.bytesField(2, encodeMessage('envoy.config.cluster.v3.Cluster', one));
    // ads_config: DELTA_GRPC by the cluster spill, transport V3.
    const grpc = new ProtoWriter().bytesField(1, new ProtoWriter().string(1, 'spill').bytes()).bytes();
    const config = new ProtoWriter().number(1, 3).bytesField(4, grpc).number(8, 2).bytes();
    const bootstrap = new ProtoWriter()
      .bytesField(2, all.bytes())
      .bytesField(3, new ProtoWriter().bytesField(3, config).bytes());
    writeFileSync(join(folder, 'b.pb'), bootstrap.bytes());
    const [fromJson, fromBytes] = [await readBack(folder, 'a.json'), await readBack(folder, 'b.pb')];
    assert.ok(JSON.stringify(fromJson).length > 4_000);
    assert.deepEqual(fromBytes, fromJson);
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test('routes that are encoded one after the other are the same bytes', () => {
  const name = 'envoy.extensions.filters.network.generic_proxy.v3.RouteConfiguration';
  assert.deepEqual(encodeMessage(name, encodedDubboRoutes(PLAN)), encodeMessage(name, dubboRoutes(PLAN)));
});
