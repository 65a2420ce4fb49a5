/** A lab with several sidecars of one host. */
import { type ChildProcess, spawn } from 'node:child_process';
import { chmod, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { SidecarStatus } from '../../../src/sidecar/machine/upgrade-report.ts';
import { freePorts } from '../../free-ports.ts';
import { cleanEnvironment, WEIR_BIN } from '../../run-weir.ts';
import { until } from '../../until.ts';
import { answerOf, type LabAnswer } from './lab-answer.ts';
import { JournallingUpstream } from './open-loop.ts';
import { sidecarBootstrap } from './sidecar-bootstrap.ts';
import { OLD_ENVOY, supervisorWord } from './sidecar-lab.ts';

const PATIENCE_MS = 90_000;

/** One sidecar of the lab, by the number in its name: s1, s2, ... */
export interface LabSidecar {
  readonly name: string;
  readonly port: number;
}

/** A supervisor that was started here. */
export interface LabSupervisor {
  readonly process: ChildProcess;
  log: string;
}

/** Several sidecars on loopback ports, with one run and one state directory; everything goes with `close`. */
export class GroupLab {
  readonly folder: string;
  readonly upstream: JournallingUpstream;
  readonly sidecars: readonly LabSidecar[];
  readonly supervisors: LabSupervisor[] = [];
  readonly #changes = new Map<string, Record<string, unknown> | null>();

  private constructor(folder: string, upstream: JournallingUpstream, sidecars: readonly LabSidecar[]) {
    this.folder = folder;
    this.upstream = upstream;
    this.sidecars = sidecars;
  }

  static async open(count: number): Promise<GroupLab> {
    const folder = await mkdtemp(join(tmpdir(), 'weir-group-'));
    await chmod(folder, 0o755);
    const ports = await freePorts(count);
    const sidecars = ports.map((port, index) => ({ name: `s${index + 1}`, port }));
    const lab = new GroupLab(folder, await JournallingUpstream.start(), sidecars);
    for (const sidecar of sidecars) await lab.writeBootstrap(sidecar);
    await lab.configure();
    return lab;
  }

  get runDir(): string {
    return join(this.folder, 'run');
  }

  async writeBootstrap({ name, port }: LabSidecar, label = 'first'): Promise<void> {
    const content = sidecarBootstrap({
      port,
      upstreamPort: this.upstream.port,
      adminPath: join(this.runDir, name, 'admin.sock'),
      accessLog: join(this.runDir, name, 'access.log'),
      label,
    });
    await writeFile(join(this.folder, `${name}.json`), JSON.stringify(content));
  }

  /** Changes entries of mesh.yaml; null takes one out, {} puts it back as it was. */
  async configure(changes: Readonly<Record<string, Record<string, unknown> | null>> = {}): Promise<void> {
    for (const [name, change] of Object.entries(changes)) this.#changes.set(name, change);
    const sidecars: Record<string, unknown> = {};
    for (const { name, port } of this.sidecars) {
      const change = this.#changes.get(name);
      if (change === null) continue;
      sidecars[name] = {
        user: 'nobody',
        outbound: port,
        admin: `unix:${join(this.runDir, name, 'admin.sock')}`,
        binary: OLD_ENVOY,
        bootstrap: join(this.folder, `${name}.json`),
        concurrency: 1,
        drain: '2s',
        ...change,
      };
    }
    const mesh = { apiVersion: 'weir.dev/v1', sidecars, apps: {} };
    await writeFile(join(this.folder, 'mesh.yaml'), JSON.stringify(mesh, null, 1));
  }

  #spawn(args: readonly string[], entry = WEIR_BIN) {
    const env = cleanEnvironment({
      WEIR_CONFIG: join(this.folder, 'mesh.yaml'),
      WEIR_RUN_DIR: this.runDir,
      WEIR_STATE_DIR: join(this.folder, 'state'),
    });
    return spawn(process.execPath, [entry, ...args], { env, stdio: ['ignore', 'pipe', 'pipe'] });
  }

  /** `weir sidecar run NAMES`, without waiting. */
  run(names: readonly string[] = [], flags: readonly string[] = ['--json']): LabSupervisor {
    const child = this.#spawn(['sidecar', 'run', ...names, ...flags]);
    const supervisor = { process: child, log: '' };
    for (const stream of [child.stdout, child.stderr]) {
      stream.on('data', (chunk) => {
        supervisor.log += chunk;
      });
    }
    this.supervisors.push(supervisor);
    return supervisor;
  }

  /** Runs a command of weir with --json. */
  weir(...args: readonly string[]): Promise<LabAnswer> {
    return this.weirOf(WEIR_BIN, ...args);
  }

  /** The same of another weir, by its entry. */
  async weirOf(entry: string, ...args: readonly string[]): Promise<LabAnswer> {
    const child = this.#spawn([...args, '--json'], entry);
    return await answerOf(child, args, () => this.#logs);
  }

  /** The state of each sidecar of mesh.yaml, by name. */
  // biome-ignore lint/suspicious/noExplicitAny: the JSON of a status.
  async status(): Promise<Readonly<Record<string, any>>> {
    const { json } = await this.weir('sidecar', 'status');
    // biome-ignore lint/suspicious/noExplicitAny: the JSON of a status.
    return Object.fromEntries((json.result?.sidecars ?? []).map((one: any) => [one.name, one]));
  }

  /** What the supervisor says of a sidecar, asked without a process of weir; null when nobody answers. For waits. */
  async told(name: string): Promise<SidecarStatus | null> {
    return supervisorWord(this.runDir, name);
  }

  /** Waits until these sidecars are in this state. */
  async untilState(state: string, names: readonly string[] = this.sidecars.map(({ name }) => name)): Promise<void> {
    await this.until(`${names.join(', ')} to be ${state}`, async () => {
      const words = await Promise.all(names.map((name) => this.told(name)));
      return words.every((told) => told?.state === state);
    });
  }

  /** Whether a request through the sidecar is answered by the upstream. */
  async answers(name: string): Promise<boolean> {
    const port = this.sidecars.find((one) => one.name === name)?.port;
    return new Promise((resolve) => {
      const asked = request({ host: '127.0.0.1', port, path: '/once', agent: false }, (answer) => {
        answer.resume();
        resolve(answer.statusCode === 200);
      });
      asked.on('error', () => resolve(false));
      asked.end();
    });
  }

  /** The living Envoys of a sidecar, oldest first. */
  async envoys(name: string): Promise<number[]> {
    return (await this.#kept(name, /^g\d+\.pid$/)).map(({ pid }) => pid);
  }

  async until(what: string, test: () => Promise<boolean>): Promise<void> {
    await until(what, test, { patienceMs: PATIENCE_MS, tell: () => this.#logs });
  }

  get #logs(): string {
    return this.supervisors.map(({ log }) => log).join('\n---\n');
  }

  async #kept(name: string, pattern: RegExp): Promise<{ pid: number; keeper: number }[]> {
    const folder = join(this.runDir, name);
    const files = (await readdir(folder).catch(() => [])).filter((file) => pattern.test(file)).sort();
    const living: { pid: number; keeper: number }[] = [];
    for (const file of files) {
      const [pid, start, keeper] = (await readFile(join(folder, file), 'utf8').catch(() => '')).trim().split(' ');
      const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '');
      const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
      if (fields[19] === start && fields[0] !== 'Z') living.push({ pid: Number(pid), keeper: Number(keeper) });
    }
    return living;
  }

  /** Ends everything that was started here, by number, and removes the folder and the shared memory. */
  async close(): Promise<void> {
    const memory = new Set<string>();
    for (const { process: child } of this.supervisors) {
      if (child.exitCode !== null || child.signalCode !== null) continue;
      const gone = new Promise((resolve) => child.once('exit', resolve));
      child.kill('SIGKILL');
      await gone;
    }
    for (const { name } of this.sidecars) {
      for (const { pid } of await this.#kept(name, /\.pid$/)) {
        const maps = await readFile(`/proc/${pid}/maps`, 'utf8').catch(() => '');
        for (const [, file = ''] of maps.matchAll(/\/dev\/shm\/(envoy_shared_memory_\d+)/g)) memory.add(file);
        try {
          process.kill(pid, 'SIGKILL');
        } catch {
          // It has ended meanwhile.
        }
      }
    }
    this.upstream.close();
    await sleep(50);
    // A keeper may still write how its process ended.
    await rm(this.folder, { recursive: true, force: true, maxRetries: 10, retryDelay: 50 });
    for (const name of memory) await rm(join('/dev/shm', name), { force: true });
  }
}

/** The resident memory of a process in bytes. */
export async function residentBytes(pid: number | undefined): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8');
  return Number(/^VmRSS:\s+(\d+) kB/m.exec(status)?.[1]) * 1024;
}
