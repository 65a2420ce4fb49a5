/** The real host of a supervisor, with a real Envoy, behind the contract's lab. */
import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { type AddressInfo, connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { openSidecar } from '../../../src/sidecar/adapters/open-sidecar.ts';
import type { SidecarSpec } from '../../../src/sidecar/ports.ts';
import { freePorts } from '../../free-ports.ts';
import { until } from '../../until.ts';
import { sidecarBootstrap, type TestBootstrap } from './sidecar-bootstrap.ts';
import type { ContractBootstrap, SidecarContractLab } from './sidecar-host-contract.ts';
import { OLD_ENVOY } from './sidecar-lab.ts';

/** A sidecar of its own on loopback ports, without a supervisor. */
export async function openEnvoyContractLab(): Promise<SidecarContractLab> {
  const folder = await mkdtemp(join(tmpdir(), 'weir-contract-'));
  await chmod(folder, 0o755);
  const upstream = createServer(() => {});
  await new Promise<void>((resolve) => upstream.listen(0, '127.0.0.1', resolve));
  const { port: upstreamPort } = upstream.address() as AddressInfo;
  const [port = 0, morePort = 0] = await freePorts(2);
  const adminPath = join(folder, 'run', 'main', 'admin.sock');
  const accessLog = join(folder, 'run', 'main', 'access.log');
  const changes: Readonly<Record<ContractBootstrap, Partial<TestBootstrap>>> = {
    first: {},
    second: {},
    third: {},
    more: { extraPorts: [morePort] },
    hangs: { hangSeconds: 0 },
    exits: {},
  };
  const bootstrapOf = (name: ContractBootstrap) =>
    sidecarBootstrap({ port, upstreamPort, adminPath, accessLog, label: name, ...changes[name] });
  const pathOf = (name: ContractBootstrap) => join(folder, `${name}.json`);
  const spec: SidecarSpec = {
    name: 'main',
    uid: 65_534,
    gid: 65_534,
    admin: { kind: 'unix', path: adminPath },
    readyPath: '/ready',
    binary: OLD_ENVOY,
    bootstrap: pathOf('first'),
    ports: [],
    args: [],
    env: {},
    capabilities: [],
    sha256: null,
    check: null,
    bakeMs: 0,
    bakeBytes: null,
    spreadMs: 0,
    concurrency: 1,
    drainMs: 5_000,
    notify: null,
  };
  const host = openSidecar({ runDir: join(folder, 'run'), stateDir: join(folder, 'state') }, spec);
  await host.prepare(spec);
  return {
    host,
    spec,
    listener: `127.0.0.1:${port}`,
    moreListener: `127.0.0.1:${morePort}`,
    async stage(name) {
      const text = name === 'exits' ? '{"static_resources": {"listeners": 7}}' : JSON.stringify(bootstrapOf(name));
      await writeFile(pathOf(name), text);
      return host.pairs.stage(OLD_ENVOY, pathOf(name));
    },
    async connect() {
      const socket = connect(port, '127.0.0.1');
      socket.on('error', () => {});
      await new Promise((resolve) => socket.once('connect', resolve));
      return async () => {
        socket.destroy();
      };
    },
    pass: (ms) => sleep(ms),
    async until(what, test) {
      await until(what, test);
    },
    async end() {
      const { found } = await host.findProcesses(spec);
      for (const { launch } of found) await host.signal(launch.generation.id, 'SIGKILL');
      for (const { launch } of found)
        await until('the end of an Envoy', async () => !(await host.isAlive(launch.generation.id)));
      await host.cleanUp(null);
      upstream.close();
      await rm(folder, { recursive: true, force: true });
    },
  };
}
