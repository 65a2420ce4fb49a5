/** The arm of weir: a real ZooKeeper, the built agent, a real Envoy. */
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { ZooKeeperLab, type ZooKeeperWriter } from '../../../test/e2e/discovery/zookeeper.ts';
import { freePorts } from '../../../test/free-ports.ts';
import { WEIR_BIN } from '../../../test/run-weir.ts';
import { startBenchEnvoy } from './bench-envoy.ts';
import {
  type ArmResult,
  addressOf,
  allocatedMb,
  type BenchWorld,
  costOfJoins,
  JOIN_EVERY_MS,
  RECEIVED,
  residentMb,
  untilFilled,
} from './world.ts';

/** Fills a registry, starts agent and Envoy, and lets instances join one by one. */
export async function measureWeir(world: BenchWorld): Promise<ArmResult> {
  const folder = mkdtempSync(join(tmpdir(), 'weir-bench-discovery-'));
  const zookeeper = await ZooKeeperLab.open();
  const writer = await zookeeper.client();
  const [port = 0] = await freePorts(1);
  const stops: (() => unknown)[] = [];
  try {
    await fill(writer, world);
    const socket = join(folder, 'd.sock');
    const config = join(folder, 'mesh.yaml');
    writeFileSync(config, JSON.stringify(meshOf(world, zookeeper.port, folder, socket, port)));
    const places = ['--config', config, '--run-dir', join(folder, 'run'), '--state-dir', join(folder, 'state')];
    const agent = spawn(process.execPath, [WEIR_BIN, 'discovery', 'run', ...places], { stdio: 'ignore' });
    stops.push(() => agent.kill('SIGKILL'));
    const envoy = await startBenchEnvoy(folder, socket, port);
    stops.push(envoy.stop);
    await untilFilled(envoy.admin, RECEIVED);
    const pid = agent.pid ?? 0;
    const cost = await costOfJoins(world, { server: pid, envoy: envoy.pid, admin: envoy.admin }, async (join) => {
      await register(writer, join % world.apps, world.instances + Math.floor(join / world.apps));
      await sleep(JOIN_EVERY_MS);
    });
    return {
      ...{ arm: 'weir', clusters: world.apps, endpoints: world.apps * world.instances },
      ...cost,
      serverMb: residentMb(pid),
      envoyMb: await allocatedMb(envoy.admin),
    };
  } finally {
    for (const stop of stops) stop();
    writer.close();
    await zookeeper.close();
    rmSync(folder, { recursive: true, force: true });
  }
}

async function fill(writer: ZooKeeperWriter, { apps, interfaces, instances }: BenchWorld): Promise<void> {
  for (let app = 0; app < apps; app += 1) {
    const services = Array.from({ length: interfaces }, (_, index) => `com.acme.app${app}.Service${index}`);
    const value = services.map((name) => [name, { name, protocol: 'dubbo', params: { timeout: '3000' } }]);
    await writer.put(`/dubbo/metadata/app-${app}/r1`, JSON.stringify({ services: Object.fromEntries(value) }));
    await Promise.all(Array.from({ length: instances }, (_, instance) => register(writer, app, instance)));
  }
}

async function register(writer: ZooKeeperWriter, app: number, instance: number): Promise<void> {
  const address = addressOf(app, instance);
  const metadata = {
    'dubbo.endpoints': '[{"port":20880,"protocol":"dubbo"}]',
    'dubbo.metadata.revision': 'r1',
    'dubbo.metadata.storage-type': 'remote',
    unit: 'hz-1',
  };
  const value = { name: `app-${app}`, id: address, address, port: 20_880, payload: { metadata } };
  await writer.put(`/services/app-${app}/${address}:20880`, JSON.stringify(value));
}

function meshOf({ apps }: BenchWorld, zookeeperPort: number, folder: string, socket: string, port: number): object {
  const consumed = Array.from({ length: apps }, (_, app) => `app-${app}`);
  return {
    apiVersion: 'weir.dev/v1',
    registries: { hz: { zookeeper: [`127.0.0.1:${zookeeperPort}`] } },
    discovery: { registries: ['hz'], socket: `unix:${socket}` },
    sidecars: { main: { user: 0, outbound: port, admin: `unix:${join(folder, 'admin.sock')}` } },
    apps: { shop: { select: { user: 65_000 }, sidecar: 'main', consumes: { apps: consumed } } },
  };
}
