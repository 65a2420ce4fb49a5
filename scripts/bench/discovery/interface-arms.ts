/**
 * The arms with a cluster an interface: servers without a registry. `delta` sends the members of the clusters that changed;
 * `three-in-one` is state of the world, in which every push holds the members of all clusters. Their CPU is this process's.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { serveAds } from '../../../src/discovery/adapters/ads-server.ts';
import type { AdsListener } from '../../../src/discovery/ports.ts';
import { followedCluster } from '../../../src/discovery/resources/clusters.ts';
import { DUBBO_ROUTES, dubboRoutes } from '../../../src/discovery/resources/dubbo-routes.ts';
import { followedListener, OUTBOUND_LISTENER } from '../../../src/discovery/resources/outbound-listener.ts';
import type { DeltaRequest } from '../../../src/discovery/xds/delta-messages.ts';
import { DeltaStream } from '../../../src/discovery/xds/delta-stream.ts';
import { encodeMessage } from '../../../src/discovery/xds/encode-message.ts';
import { ResourceStore } from '../../../src/discovery/xds/resource-store.ts';
import { TYPE } from '../../../src/discovery/xds/resource-types.ts';
import type { SotwRequest } from '../../../src/discovery/xds/sotw-messages.ts';
import { SotwStream } from '../../../src/discovery/xds/sotw-stream.ts';
import type { XdsStream } from '../../../src/discovery/xds/xds-stream.ts';
import { freePorts } from '../../../test/free-ports.ts';
import { startBenchEnvoy } from './bench-envoy.ts';
import {
  type ArmResult,
  addressOf,
  allocatedMb,
  assignmentBytes,
  type BenchWorld,
  costOfJoins,
  JOIN_EVERY_MS,
  RECEIVED,
  residentMb,
  untilFilled,
} from './world.ts';

/** What every response of `three-in-one` holds in full. */
const WHOLE = new Set<string>([TYPE.cluster, TYPE.assignment, TYPE.listener]);

/** Serves interface clusters; a joining instance changes all those of its application. */
export async function measureInterfaces(world: BenchWorld, arm: 'delta' | 'three-in-one'): Promise<ArmResult> {
  const folder = mkdtempSync(join(tmpdir(), 'weir-bench-delta-'));
  const store = new ResourceStore();
  const members = Array.from({ length: world.apps }, (_, app) =>
    Array.from({ length: world.instances }, (_, instance) => addressOf(app, instance)),
  );
  const namesOf = (app: number) => Array.from({ length: world.interfaces }, (_, index) => `app${app}.Service${index}`);
  const put = (app: number) => {
    for (const name of namesOf(app)) store.set(TYPE.assignment, name, assignmentBytes(name, members[app] ?? []));
  };
  for (let app = 0; app < world.apps; app += 1) {
    for (const name of namesOf(app))
      store.set(TYPE.cluster, name, encodeMessage('envoy.config.cluster.v3.Cluster', followedCluster(name)));
    put(app);
  }
  const [port = 0] = await freePorts(1);
  const listener = followedListener(new Map(), port, false);
  store.set(TYPE.listener, OUTBOUND_LISTENER, encodeMessage('envoy.config.listener.v3.Listener', listener));
  const message = TYPE.routes.slice(TYPE.routes.lastIndexOf('/') + 1);
  store.set(TYPE.routes, DUBBO_ROUTES, encodeMessage(message, dubboRoutes({ services: new Map() })));
  const streams = new Map<number, (request: DeltaRequest | SotwRequest) => readonly Buffer[]>();
  const open = new Map<number, XdsStream>();
  const socket = join(folder, 'd.sock');
  const listening: AdsListener = {
    opened(stream) {
      const [delta, sotw] = [new DeltaStream(store, true), new SotwStream(store, true, WHOLE)];
      open.set(stream, arm === 'delta' ? delta : sotw);
      streams.set(stream, (request) => ('names' in request ? sotw.receive(request) : delta.receive(request)).responses);
    },
    closed: (stream) => open.delete(stream),
    request(stream, request) {
      for (const bytes of streams.get(stream)?.(request) ?? []) server.write(stream, bytes);
    },
  };
  const variant = arm === 'delta' ? 'delta' : 'sotw';
  const server = await serveAds([{ path: socket, uid: null, gid: null }], listening, [variant]);
  const envoy = await startBenchEnvoy(folder, socket, port, variant);
  try {
    await untilFilled(envoy.admin, RECEIVED);
    const measured = { server: process.pid, envoy: envoy.pid, admin: envoy.admin };
    const cost = await costOfJoins(world, measured, async (join) => {
      const app = join % world.apps;
      members[app]?.push(addressOf(app, world.instances + Math.floor(join / world.apps)));
      put(app);
      const changes = new Map([[TYPE.assignment, new Set(namesOf(app))]]);
      for (const [stream, xds] of open) for (const bytes of xds.publish(changes).responses) server.write(stream, bytes);
      await sleep(JOIN_EVERY_MS);
      // A join that is gathered with the next one would cost neither of them.
      while (![...open.values()].every(({ isSettled }) => isSettled)) await sleep(20);
    });
    return {
      ...{ arm, clusters: world.apps * world.interfaces, endpoints: world.apps * world.instances },
      ...cost,
      serverMb: residentMb(process.pid),
      envoyMb: await allocatedMb(envoy.admin),
    };
  } finally {
    envoy.stop();
    await server.close();
    rmSync(folder, { recursive: true, force: true });
  }
}
