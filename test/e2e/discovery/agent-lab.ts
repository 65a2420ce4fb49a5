/** A whole host of discovery: ZooKeeper, real providers, a stock consumer, the agent, and a supervised Envoy between them. */
import { cpSync, mkdirSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { basename, dirname, join } from 'node:path';
import type { TestContext } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { envoyBinary } from '../../../scripts/setup/envoy.ts';
import { cleanEnvironment, WEIR_BIN } from '../../run-weir.ts';
import { until } from '../../until.ts';
import { LAB_ADDRESSES, LAB_UIDS, type Lab, makeLab } from '../lab/lab.ts';
import type { LabProcess } from '../lab/lab-process.ts';
import { startProgram } from '../lab/traffic.ts';
import { installWeir, type LabWeir } from '../lab/weir.ts';
import { dubboClassPath, providerCommand } from './dubbo-provider.ts';
import { zooKeeperCommand } from './zookeeper.ts';

/** Where everything but the host itself lives. */
export const UPSTREAM = LAB_ADDRESSES.upstream.ipv4;
const REGISTRY_PORT = 2181;
const LIMIT_MS = 90_000;
/** In so many calls every provider has its part, however they are spread. */
const ENOUGH_CALLS = 50;

/** Calls of the consumer since the last look. */
export interface CallReport {
  readonly failed: number;
  /** By answer, their number: `a from PORT`. */
  readonly from: Readonly<Record<string, number>>;
  readonly last: string;
}

/** By name of a node, the change that made it. */
type Nodes = Readonly<Record<string, string>>;

/** The lab. What it starts ends with the test. */
export class AgentLab {
  readonly lab: Lab;
  readonly weir: LabWeir;
  /** The admin socket of the sidecar's Envoy. */
  readonly adminPath: string;
  readonly #zookeeper: readonly [string, ...string[]];
  zookeeper: LabProcess;
  agent: LabProcess | null = null;
  /** Java looks names up in a file: a namespace without a name server costs it ten seconds a look. */
  readonly #hosts: string;
  #consumer: LabProcess | null = null;
  #reports = 0;
  #consumers = 0;

  private constructor(lab: Lab, zookeeperCommand: readonly [string, ...string[]]) {
    this.lab = lab;
    this.adminPath = join(lab.makeFolder('sidecar', LAB_UIDS.sidecar), 'admin.sock');
    this.weir = installWeir(lab);
    const hosts = join(lab.folder, 'hosts');
    writeFileSync(
      hosts,
      `127.0.0.1 localhost ${hostname()}\n${UPSTREAM} upstream\n${LAB_ADDRESSES.client.ipv4} client\n`,
    );
    this.#hosts = `-Djdk.net.hosts.file=${hosts}`;
    this.#zookeeper = zookeeperCommand;
    this.zookeeper = lab.start(lab.upstream, zookeeperCommand);
  }

  /**
   * ZooKeeper runs; mesh.yaml says that shop consumes orders. `hold` is that of the guard, `unit` that of discovery.
   */
  static async open(
    name: string,
    test: TestContext,
    { hold = '5s', more = '', unit }: { hold?: string; more?: string; unit?: object } = {},
  ): Promise<AgentLab> {
    const lab = await makeLab(name, { test });
    const folder = join(lab.folder, 'zookeeper');
    mkdirSync(folder);
    const self = new AgentLab(lab, await zooKeeperCommand(folder, UPSTREAM, REGISTRY_PORT));
    // An Envoy that the sidecar's account may run, wherever this clone lies.
    const binary = join(lab.folder, 'envoy');
    cpSync(envoyBinary('1.40.0'), binary);
    self.weir.configure({
      apiVersion: 'weir.dev/v1',
      registries: { hz: { zookeeper: [`${UPSTREAM}:${REGISTRY_PORT}`] } },
      discovery: {
        ...{ registries: ['hz'], socket: `unix:${self.weir.runDir}/discovery.sock`, guard: { hold } },
        ...(unit === undefined ? {} : { unit }),
      },
      sidecars: {
        main: {
          ...{ user: LAB_UIDS.sidecar, outbound: 15_001, admin: `unix:${self.adminPath}` },
          ...{ binary, bootstrap: join(dirname(self.adminPath), 'envoy.yaml'), drain: '3s' },
        },
      },
      apps: {
        shop: {
          select: { user: LAB_UIDS.app },
          sidecar: 'main',
          consumes: { apps: ['orders'] },
        },
      },
      ...(more === '' ? {} : JSON.parse(more)),
    });
    return self;
  }

  /** A real provider of orders on a port, registered in both layouts, which is Dubbo's default; `labels`: `a=b;c=d`. */
  async provider(port: number, labels?: string, protocol?: 'dubbo' | 'tri'): Promise<LabProcess> {
    const registry = `zookeeper://${UPSTREAM}:${REGISTRY_PORT}`;
    const [java, ...rest] = providerCommand(registry, UPSTREAM, port, 'all', 'remote', labels, protocol);
    const provider = this.lab.start(this.lab.upstream, [java, this.#hosts, ...rest]);
    await provider.line(/^ready$/, LIMIT_MS);
    return provider;
  }

  /** Writes a provider into the interface-level layout, by hand. */
  async register(name: string, url: string): Promise<void> {
    const put = startProgram(this.lab, this.lab.upstream, 'zookeeper-put', {
      ...{ host: UPSTREAM, port: REGISTRY_PORT },
      path: `/dubbo/${name}/providers/${encodeURIComponent(url)}`,
    });
    await put.line(/^WRITTEN/, LIMIT_MS);
  }

  /** Starts the agent; resolves when it serves. */
  async startAgent(...flags: readonly string[]): Promise<void> {
    const { runDir, stateDir, config } = this.weir;
    const environment = cleanEnvironment({ WEIR_CONFIG: config, WEIR_RUN_DIR: runDir, WEIR_STATE_DIR: stateDir });
    const env = Object.fromEntries(
      Object.entries(environment).flatMap(([name, value]) => (value === undefined ? [] : [[name, value]])),
    );
    const argv = [process.execPath, WEIR_BIN, 'discovery', 'run', '--json', ...flags] as const;
    this.agent = this.lab.start(this.lab.client, argv, { env });
  }

  /** The agent's status, once it is as wanted. */
  // biome-ignore lint/suspicious/noExplicitAny: tests look into results at will.
  async status(isWanted: (status: any) => boolean = () => true, limitMs = LIMIT_MS): Promise<any> {
    let last = '';
    const look = async () => {
      const { code, stdout } = await this.run(['discovery', 'status', '--json']);
      last = stdout;
      const { result } = JSON.parse(stdout);
      return code === 0 && isWanted(result) ? result : null;
    };
    const tell = () => `${last}\n${this.agent?.output().slice(-2000)}`;
    return until('a status of the agent', look, { patienceMs: limitMs, tell });
  }

  /** Runs weir without entering a namespace: the agent's sockets are files. */
  async run(args: readonly string[]) {
    const { runWeirBin } = await import('../../run-weir.ts');
    const { runDir, stateDir, config } = this.weir;
    return await runWeirBin(args, { WEIR_CONFIG: config, WEIR_RUN_DIR: runDir, WEIR_STATE_DIR: stateDir });
  }

  /** Writes the bootstrap, starts the sidecar and waits until it is live. */
  async startSidecar(...flags: readonly string[]): Promise<LabProcess> {
    const init = await this.run(['sidecar', 'init', 'main', '--discovery', '--json']);
    if (init.code !== 0) throw new Error(init.stdout);
    const supervisor = this.weir.start(['sidecar', 'run', 'main', '--json', ...flags]);
    await supervisor.line(/"event":"live"/, LIMIT_MS);
    return supervisor;
  }

  /** Starts the stock consumer in place of the former one; resolves after its first answer. `parameters`: of the registry's URL. */
  async startConsumer(parameters = ''): Promise<void> {
    await this.#consumer?.stop();
    this.#reports = 0;
    this.#consumers += 1;
    const java = this.lab.makeFolder(`java${this.#consumers}`, LAB_UIDS.app);
    const classPath = dubboClassPath()
      .split(':')
      .map((place) => {
        const copy = join(java, basename(place));
        cpSync(place, copy, { recursive: true, filter: (file) => !/\/jars$/.test(file) });
        return copy;
      });
    const command = [
      'java',
      this.#hosts,
      '-XX:TieredStopAtLevel=1',
      '-Xmx128m',
      `-Duser.home=${java}`,
      '-cp',
      classPath.join(':'),
    ];
    const registry = `zookeeper://${UPSTREAM}:${REGISTRY_PORT}${parameters}`;
    this.#consumer = this.lab.start(this.lab.client, [...command, 'DubboConsumer', registry], { uid: LAB_UIDS.app });
    await this.#consumer.line(/^ready$/m, LIMIT_MS);
  }

  /** What the consumer's calls came to since the last report. */
  async calls(): Promise<CallReport> {
    const consumer = this.#consumer;
    if (consumer === null) throw new Error('there is no consumer');
    this.#reports += 1;
    consumer.write('report');
    const deadline = Date.now() + 60_000;
    for (;;) {
      const reports = [...consumer.output().matchAll(/^REPORT (.*)$/gm)];
      const text = reports[this.#reports - 1]?.[1];
      if (text !== undefined) return JSON.parse(text);
      if (Date.now() > deadline) throw new Error(`no report: ${consumer.output().slice(-2000)}`);
      await Promise.race([consumer.changed(), sleep(500)]);
    }
  }

  /** The ports that answered the next calls, for `ms` at least; fails the test when a call failed. */
  async answering(ms = 0): Promise<readonly number[]> {
    await this.calls();
    await sleep(ms);
    const answers = new Map<string, number>();
    const areEnough = async () => {
      const { failed, from, last } = await this.calls();
      if (failed > 0) throw new Error(`${failed} calls failed: ${last}`);
      for (const [answer, count] of Object.entries(from)) answers.set(answer, (answers.get(answer) ?? 0) + count);
      return [...answers.values()].reduce((sum, count) => sum + count, 0) >= ENOUGH_CALLS;
    };
    await until(`${ENOUGH_CALLS} calls of the consumer`, areEnough);
    return [...answers.keys()].map((answer) => Number(answer.replace('a from ', ''))).toSorted((a, b) => a - b);
  }

  /** Waits until exactly these ports answer. */
  async untilAnswering(ports: readonly number[]): Promise<void> {
    const deadline = Date.now() + LIMIT_MS;
    for (;;) {
      const found = await this.answering();
      if (found.join() === ports.join()) return;
      if (Date.now() > deadline) throw new Error(`calls are answered by ${found.join()}, not by ${ports.join()}`);
    }
  }

  /**
   * SIGKILL of ZooKeeper; it comes back with its data by the returned function, which resolves when every provider has
   * registered anew: within seconds of being connected again each removes its node and makes another, and a test that
   * goes on before would do so with a provider away.
   */
  async killZooKeeper(): Promise<() => Promise<void>> {
    const before = await this.#nodesOfOrders();
    this.zookeeper.signal('SIGKILL');
    await this.zookeeper.ended;
    return async () => {
      this.zookeeper = this.lab.start(this.lab.upstream, this.#zookeeper);
      let now: Nodes = {};
      const isAnew = async () => {
        now = await this.#nodesOfOrders();
        return Object.keys(before).every((name) => now[name] !== undefined && now[name] !== before[name]);
      };
      const tell = () => JSON.stringify({ before, now });
      await until('providers that registered anew', isAnew, { patienceMs: LIMIT_MS, tell });
    };
  }

  async #nodesOfOrders(): Promise<Nodes> {
    const at = { host: UPSTREAM, port: REGISTRY_PORT, folder: '/services/orders' };
    const program = startProgram(this.lab, this.lab.upstream, 'zookeeper-made', at);
    const [, made = ''] = await program.line(/^MADE (.*)$/m, LIMIT_MS);
    await program.ended;
    return JSON.parse(made);
  }

  async killAgent(): Promise<void> {
    this.agent?.signal('SIGKILL');
    await this.agent?.ended;
  }
}
