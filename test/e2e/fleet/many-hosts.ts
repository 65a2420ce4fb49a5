/** Hosts in namespaces around one store: for the demo, and for measurements on real rules. */
import { chmodSync, chownSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { etcdBinary } from '../../../scripts/setup/etcd.ts';
import { runTool } from '../../../src/platform/exec.ts';
import { cleanEnvironment, WEIR_BIN } from '../../run-weir.ts';
import { LAB_UIDS, type Lab } from '../lab/lab.ts';
import { type LabProcess, type StartOptions, startProcess } from '../lab/lab-process.ts';
import { type LabNamespace, makeNamespace } from '../lab/network-namespace.ts';
import { startHttpUpstream } from '../lab/traffic.ts';

/** Where the upstream answers, at the store's end of each host's link. */
export const UPSTREAM_PORT = 8080;
/** Weir looks at the processes of an account in all namespaces: each host's application has its own. */
const FIRST_APP_UID = 42_000;
const REGION = 'east';

/** One host: its namespace as a lab whose upstream is the store's. */
export interface ManyHost {
  readonly name: string;
  readonly lab: Lab;
  readonly uid: number;
  /** The upstream as this host reaches it. */
  readonly upstream: string;
  /** Starts a command of weir in the host's namespace. */
  start(...args: readonly string[]): LabProcess;
}

/** How a command of the station ended. */
export interface StationAnswer {
  readonly code: number | null;
  // biome-ignore lint/suspicious/noExplicitAny: results differ by command.
  readonly json: any;
  readonly ms: number;
}

/** The hosts, the store and the station. `close` takes everything away. */
export class ManyHosts {
  readonly folder: string;
  readonly store: LabNamespace;
  readonly hosts: ManyHost[] = [];
  etcd: LabProcess | null = null;
  readonly #name: string;
  readonly #namespaces: LabNamespace[];
  readonly #processes: LabProcess[] = [];
  readonly #closeNow = () => {
    for (const process of this.#processes) process.kill();
    for (const namespace of this.#namespaces) namespace.remove();
    rmSync(this.folder, { recursive: true, force: true });
  };

  private constructor(name: string, store: LabNamespace) {
    this.#name = name;
    this.store = store;
    this.#namespaces = [store];
    this.folder = mkdtempSync(join(tmpdir(), `weir-${name}-`));
    chmodSync(this.folder, 0o755);
    process.on('exit', this.#closeNow);
  }

  /** The store and its region; no host yet. */
  static async open(name: string): Promise<ManyHosts> {
    const self = new ManyHosts(name, await makeNamespace(`${name}-store`));
    try {
      const data = join(self.folder, 'etcd');
      mkdirSync(data, { mode: 0o700 });
      const urls = ['--listen-client-urls', 'http://0.0.0.0:2379', '--advertise-client-urls', 'http://127.0.0.1:2379'];
      const peers = ['--listen-peer-urls', 'http://127.0.0.1:0', '--logger', 'zap'];
      self.etcd = self.#start(self.store, [await etcdBinary(), '--data-dir', data, ...urls, ...peers]);
      await self.etcd.line(/serving insecure client requests|serving client/);
      self.#fleetFile('station.yaml', '127.0.0.1', null, {});
      await startHttpUpstream(self.#labOf(self.store, self.folder), { port: UPSTREAM_PORT });
      return self;
    } catch (error) {
      await self.close();
      throw error;
    }
  }

  /** A host with its mesh.yaml; nothing runs on it yet. `sidecar`: its section for `main`. */
  async addHost(
    labels: Readonly<Record<string, string>>,
    sidecar: (folder: string) => Readonly<Record<string, unknown>>,
  ): Promise<ManyHost> {
    const index = this.hosts.length + 1;
    const name = `host-${index}`;
    const namespace = await makeNamespace(`${this.#name}-${name}`);
    this.#namespaces.push(namespace);
    const upstream = `10.78.${index}.1`;
    await this.#join(namespace, index);
    const folder = join(this.folder, name);
    mkdirSync(folder, { mode: 0o755 });
    const lab = this.#labOf(namespace, folder);
    const uid = FIRST_APP_UID + index;
    const mesh = {
      apiVersion: 'weir.dev/v1',
      sidecars: { main: { user: LAB_UIDS.sidecar, outbound: 15_001, ...sidecar(folder) } },
      apps: { payment: { select: { user: uid }, sidecar: 'main' } },
    };
    writeFileSync(join(folder, 'mesh.yaml'), JSON.stringify(mesh, null, 2));
    const fleet = this.#fleetFile(join(name, 'fleet.yaml'), upstream, name, labels);
    const env = this.#environment({
      WEIR_CONFIG: join(folder, 'mesh.yaml'),
      WEIR_RUN_DIR: join(folder, 'run'),
      WEIR_STATE_DIR: join(folder, 'state'),
      WEIR_FLEET_CONFIG: fleet,
    });
    const host: ManyHost = {
      ...{ name, lab, uid, upstream },
      start: (...args) => lab.start(namespace, [process.execPath, WEIR_BIN, ...args], { env }),
    };
    this.hosts.push(host);
    return host;
  }

  /** A command of weir at the station, beside the store, to its end. */
  async station(...args: readonly string[]): Promise<StationAnswer> {
    const began = performance.now();
    const run = this.startStation(...args, '--json');
    const { code } = await run.ended;
    const line = run
      .output()
      .split('\n')
      .findLast((one) => one.startsWith('{'));
    if (line === undefined) throw new Error(`weir ${args.join(' ')} printed no JSON: ${run.output()}`);
    return { code, json: JSON.parse(line), ms: performance.now() - began };
  }

  /** Starts a command of weir at the station. */
  startStation(...args: readonly string[]): LabProcess {
    const env = this.#environment({ WEIR_FLEET_CONFIG: join(this.folder, 'station.yaml'), WEIR_BY: 'ops@station' });
    return this.#start(this.store, [process.execPath, WEIR_BIN, ...args], { env });
  }

  /** Writes a file for commands. */
  file(name: string, content: object): string {
    const path = join(this.folder, name);
    writeFileSync(path, JSON.stringify(content, null, 2));
    return path;
  }

  /** Ends every program, hosts first, and removes namespaces and files; safe to call twice. */
  async close(): Promise<void> {
    await Promise.all(this.#processes.toReversed().map((process) => process.stop()));
    this.#closeNow();
    process.off('exit', this.#closeNow);
  }

  #start(namespace: LabNamespace, argv: readonly string[], options: StartOptions = {}): LabProcess {
    const started = startProcess(namespace, argv, options);
    this.#processes.push(started);
    return started;
  }

  #labOf(client: LabNamespace, folder: string): Lab {
    return {
      ...{ name: this.#name, client, upstream: this.store, folder },
      makeFolder: (name, uid) => {
        const path = join(folder, name);
        mkdirSync(path, { recursive: true });
        chownSync(path, uid, uid);
        return path;
      },
      start: (namespace, argv, options) => this.#start(namespace, argv, options),
      onClose: () => {},
      close: async () => {},
    };
  }

  /** A link between a host and the store; the store has one for each host. */
  async #join(host: LabNamespace, index: number): Promise<void> {
    const link = `link add eth0 netns ${host.name} type veth peer name host${index} netns ${this.store.name}`;
    await runTool(['ip', ...link.split(' ')], { timeoutMs: 10_000 });
    await host.sh(`ip addr add 10.78.${index}.2/24 dev eth0`);
    await host.sh('ip link set eth0 up');
    await this.store.sh(`ip addr add 10.78.${index}.1/24 dev host${index}`);
    await this.store.sh(`ip link set host${index} up`);
  }

  #fleetFile(name: string, address: string, host: string | null, labels: Readonly<Record<string, string>>): string {
    const path = join(this.folder, name);
    const regions = { [REGION]: { etcd: { endpoints: [`http://${address}:2379`], timeout: '2s' } } };
    const own = host === null ? {} : { host: { region: REGION, name: host, labels, status: { ttl: '5s' } } };
    writeFileSync(path, JSON.stringify({ apiVersion: 'weir.dev/v1', regions, ...own }, null, 2));
    return path;
  }

  #environment(own: Readonly<Record<string, string>>): Record<string, string> {
    return Object.fromEntries(
      Object.entries(cleanEnvironment(own)).flatMap(([name, value]) => (value === undefined ? [] : [[name, value]])),
    );
  }
}
