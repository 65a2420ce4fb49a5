/** A real Nacos 2.2.4 in a process of its own, with an empty home. */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { existsSync, mkdirSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { NacosServer } from '../../discovery/nacos-contract.ts';

const FOLDER = fileURLToPath(new URL('.', import.meta.url));
const CACHE = fileURLToPath(new URL('../../../node_modules/.cache/weir/nacos-2.2.4-accounts/', import.meta.url));
const COPY = 'org.apache.maven.plugins:maven-dependency-plugin:3.6.1:copy-dependencies';
const MAIN = 'com.alibaba.nacos.NacosServer';
/** Ports beside that of HTTP: gRPC for clients and for servers. */
const OFFSETS = [0, 1000, 1001];

/** The class path; fetched and compiled on first use. */
function classPath(): string {
  const jars = join(CACHE, 'jars');
  // Of two jars with the same classes Nacos needs this one.
  const hessian = join(jars, 'hessian-4.0.63.jar');
  if (!existsSync(hessian)) {
    mkdirSync(jars, { recursive: true });
    const options = ['-q', '-B', '-f', join(FOLDER, 'pom.xml'), COPY, `-DoutputDirectory=${jars}`];
    execFileSync('mvn', options, { stdio: ['ignore', 'ignore', 'pipe'], timeout: 300_000 });
  }
  const classes = join(CACHE, 'classes');
  if (!existsSync(join(classes, `${MAIN.replaceAll('.', '/')}.class`))) {
    mkdirSync(classes, { recursive: true });
    const options = ['-cp', `${jars}/*`, '-d', classes, join(FOLDER, 'NacosServer.java')];
    execFileSync('javac', options, { stdio: ['ignore', 'ignore', 'inherit'], timeout: 120_000 });
  }
  return `${classes}:${hessian}:${jars}/*`;
}

/** The user that a new server knows. */
export const NACOS_CREDENTIALS = 'nacos:nacos';

/** A server that may be ended and started again with its configurations; instances go with it. */
export class NacosLab implements NacosServer {
  readonly port: number;
  readonly #home: string;
  readonly #tokenSeconds: number | null;
  #child: ChildProcess | null = null;

  private constructor(port: number, home: string, tokenSeconds: number | null) {
    this.port = port;
    this.#home = home;
    this.#tokenSeconds = tokenSeconds;
  }

  /** `tokenSeconds`: it asks for a user, and its tokens end after this time; null for one that asks for none. */
  static async open(tokenSeconds: number | null = null): Promise<NacosLab> {
    const home = await mkdtemp(join(tmpdir(), 'weir-nacos-'));
    const lab = new NacosLab(await freePort(), home, tokenSeconds);
    await lab.start();
    return lab;
  }

  /** Starts it; clients wait until it answers. */
  async start(): Promise<void> {
    const properties = [
      ...['nacos.standalone=true', `nacos.home=${this.#home}`, 'nacos.server.ip=127.0.0.1', 'server.address=127.0.0.1'],
      ...[`server.port=${this.port}`, 'server.servlet.contextPath=/nacos'],
      ...['spring.main.allow-circular-references=true', 'nacos.inetutils.ip-address=127.0.0.1'],
      // On a busy machine its database takes longer to open than the 3 s that it has by itself.
      ...['spring.mvc.pathmatch.matching-strategy=ant_path_matcher', 'db.pool.config.connectionTimeout=120000'],
      ...accountProperties(this.#tokenSeconds),
    ].map((property) => `-D${property}`);
    const opens = ['java.lang', 'java.util'].map((name) => `--add-opens=java.base/${name}=ALL-UNNAMED`);
    const java = ['-Xms128m', '-Xmx400m', '-XX:TieredStopAtLevel=1', ...properties, ...opens];
    this.#child = spawn('java', [...java, '-cp', classPath(), MAIN], { stdio: 'ignore' });
  }

  /** SIGKILL, as when its host goes. */
  async stop(): Promise<void> {
    const child = this.#child;
    if (child === null || child.exitCode !== null || child.signalCode !== null) return;
    child.kill('SIGKILL');
    await once(child, 'close');
  }

  async close(): Promise<void> {
    await this.stop();
    await rm(this.#home, { recursive: true, force: true });
  }
}

function accountProperties(tokenSeconds: number | null): readonly string[] {
  if (tokenSeconds === null) return ['nacos.core.auth.enabled=false'];
  const secret = randomBytes(32).toString('base64');
  return [
    ...['nacos.core.auth.enabled=true', 'nacos.core.auth.system.type=nacos'],
    ...['nacos.core.auth.server.identity.key=weir', 'nacos.core.auth.server.identity.value=weir'],
    `nacos.core.auth.plugin.nacos.token.secret.key=${secret}`,
    `nacos.core.auth.plugin.nacos.token.expire.seconds=${tokenSeconds}`,
  ];
}

async function freePort(): Promise<number> {
  for (let tries = 0; tries < 50; tries += 1) {
    const port = 20_000 + Math.floor(Math.random() * 20_000);
    const free = await Promise.all(OFFSETS.map((offset) => isFree(port + offset)));
    if (!free.includes(false)) return port;
  }
  throw new Error('no three free ports were found');
}

async function isFree(port: number): Promise<boolean> {
  const server = createServer();
  server.listen(port);
  const isBound = await once(server, 'listening').then(
    () => true,
    () => false,
  );
  server.close();
  return isBound;
}
