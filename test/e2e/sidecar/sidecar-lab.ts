/** A lab with a supervised sidecar. */
import { type ChildProcess, type ChildProcessByStdio, spawn, spawnSync } from 'node:child_process';
import { chmod, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { envoyBinary } from '../../../scripts/setup/envoy.ts';
import { askSupervisorOf } from '../../../src/sidecar/adapters/supervisor-line.ts';
import type { SidecarStatus } from '../../../src/sidecar/machine/upgrade-report.ts';
import { freePorts } from '../../free-ports.ts';
import { cleanEnvironment, WEIR_BIN } from '../../run-weir.ts';
import { PATIENCE_MS, until } from '../../until.ts';
import { withOwnMountsShell } from '../lab/own-mounts.ts';
import { answerOf, type LabAnswer } from './lab-answer.ts';
import { JournallingUpstream } from './open-loop.ts';
import { sidecarBootstrap, type TestBootstrap } from './sidecar-bootstrap.ts';

/** Where a lab differs from the usual. */
export interface LabOptions {
  readonly drain?: string;
  readonly notify?: object;
  /** Put before every command, such as `nsenter`; it has to replace itself by the command. */
  readonly enter?: readonly string[];
  /** The sidecar gets a /dev/shm of its own, so that a test can do to it what would hurt the whole machine. */
  readonly ownSharedMemory?: boolean;
}

/** The two Envoys between which tests upgrade. */
export const OLD_ENVOY = envoyBinary('1.39.3');
/** The newer one. */
export const NEW_ENVOY = envoyBinary('1.40.0');

/** How long a supervisor may take to say how its sidecar is, on a loaded machine. */
const ANSWER_MS = 5000;

/** Runs its arguments with a fresh /dev/shm that nobody else sees. */
const OWN_SHARED_MEMORY = withOwnMountsShell('mount -t tmpfs tmpfs /dev/shm && exec "$@"', 'own-shm');

/** A sidecar of its own on loopback ports, with its own run and state directories; everything goes with `close`. */
export class SidecarLab {
  readonly folder: string;
  readonly port: number;
  readonly upstream: JournallingUpstream;
  supervisor: ChildProcess | null = null;
  log = '';
  readonly #spare: number;
  readonly #drain: string;
  readonly #enter: readonly string[];
  readonly #wrapper: readonly string[];
  #label = 0;
  #isClosed = false;

  private constructor(
    folder: string,
    ports: readonly number[],
    upstream: JournallingUpstream,
    { drain = '15s', enter = [], ownSharedMemory = false }: LabOptions,
  ) {
    this.folder = folder;
    this.port = ports[0] ?? 0;
    this.#spare = ports[1] ?? 0;
    this.upstream = upstream;
    this.#drain = drain;
    this.#enter = enter;
    this.#wrapper = ownSharedMemory ? OWN_SHARED_MEMORY : [];
  }

  static async open(options: LabOptions = {}): Promise<SidecarLab> {
    const folder = await mkdtemp(join(tmpdir(), 'weir-sidecar-'));
    await chmod(folder, 0o755);
    const ports = await freePorts(2);
    const lab = new SidecarLab(folder, ports, await JournallingUpstream.start(), options);
    await lab.writeBootstrap('first.json');
    await lab.configure({ notify: options.notify });
    return lab;
  }

  get runDir(): string {
    return join(this.folder, 'run');
  }

  get sparePort(): number {
    return this.#spare;
  }

  /** Writes a bootstrap that differs from all before; resolves to its path. */
  async writeBootstrap(name: string, change: Partial<TestBootstrap> = {}): Promise<string> {
    const path = join(this.folder, name);
    const content = sidecarBootstrap({
      port: this.port,
      upstreamPort: this.upstream.port,
      adminPath: join(this.runDir, 'main', 'admin.sock'),
      accessLog: join(this.runDir, 'main', 'access.log'),
      label: `b${++this.#label}`,
      ...change,
    });
    await writeFile(path, JSON.stringify(content, null, 1));
    return path;
  }

  /** Writes mesh.yaml. */
  async configure(change: Record<string, unknown> = {}, apps: Record<string, unknown> = {}): Promise<void> {
    const main = {
      user: 'nobody',
      outbound: this.port,
      admin: `unix:${join(this.runDir, 'main', 'admin.sock')}`,
      binary: OLD_ENVOY,
      bootstrap: join(this.folder, 'first.json'),
      concurrency: 1,
      drain: this.#drain,
      ...Object.fromEntries(Object.entries(change).filter(([, value]) => value !== undefined)),
    };
    const mesh = { apiVersion: 'weir.dev/v1', sidecars: { main }, apps };
    await writeFile(join(this.folder, 'mesh.yaml'), JSON.stringify(mesh, null, 1));
  }

  /** What a weir of this lab is started with. */
  environment(more: Readonly<Record<string, string>> = {}): NodeJS.ProcessEnv {
    return cleanEnvironment({
      ...more,
      WEIR_CONFIG: join(this.folder, 'mesh.yaml'),
      WEIR_RUN_DIR: this.runDir,
      WEIR_STATE_DIR: join(this.folder, 'state'),
    });
  }

  #spawn(
    args: readonly string[],
    wrapper: readonly string[] = [],
    more: Readonly<Record<string, string>> = {},
  ): ChildProcessByStdio<null, Readable, Readable> {
    const [file = process.execPath, ...words] = [
      ...this.#enter,
      ...wrapper,
      process.execPath,
      WEIR_BIN,
      ...args,
      '--json',
    ];
    return spawn(file, words, { env: this.environment(more), stdio: ['ignore', 'pipe', 'pipe'] });
  }

  /** Starts the supervisor and waits for nothing. */
  launch(...args: readonly string[]): ChildProcess {
    const child = this.#spawn(['sidecar', 'run', 'main', ...args], this.#wrapper);
    this.supervisor = child;
    this.#isClosed = false;
    child.once('close', () => {
      this.#isClosed = child === this.supervisor;
    });
    for (const stream of [child.stdout, child.stderr]) {
      stream.on('data', (chunk) => {
        this.log += chunk;
      });
    }
    return child;
  }

  /** Starts the supervisor and waits until the sidecar is live. */
  async run(...args: readonly string[]): Promise<void> {
    const begun = this.log.length;
    const child = this.launch(...args);
    await this.until('the sidecar to be supervised', async () => {
      if (child.exitCode !== null) throw new Error(`the supervisor ended with ${child.exitCode}: ${this.log}`);
      // To say how the sidecar is costs a supervisor more than all that it does meanwhile.
      if (!/"event":"(live|adopted)"/.test(this.log.slice(begun))) return false;
      const told = await this.told();
      return told !== null && told.supervisorPid === child.pid && (told.state === 'live' || told.state === 'upgrading');
    });
  }

  /** Runs a program among the mounts that the supervisor sees. Throws when it fails. */
  inItsMounts(...argv: readonly string[]): void {
    // With its root: the root of a mount namespace is outside of a chroot.
    const inside = ['--target', `${this.supervisor?.pid}`, '--mount', '--root', '--'];
    const { status, stderr } = spawnSync('nsenter', [...inside, ...argv]);
    if (status !== 0) throw new Error(`${argv.join(' ')}: ${stderr}`);
  }

  /** Waits until the supervisor has ended and all that it said is in `log`: an exit is told before the last output. */
  async untilEnded(): Promise<void> {
    await this.until('the supervisor to end', async () => this.#isClosed);
  }

  /** SIGKILL to the supervisor, as a crash. */
  async killSupervisor(): Promise<void> {
    const child = this.supervisor;
    if (child === null || child.exitCode !== null || child.signalCode !== null) return;
    const gone = new Promise((resolve) => child.once('exit', resolve));
    child.kill('SIGKILL');
    await gone;
  }

  /** Resident memory of the supervisor in MB, and its open descriptors. */
  async supervisorSize(): Promise<{ readonly rssMb: number; readonly descriptors: number }> {
    const folder = `/proc/${this.supervisor?.pid}`;
    const [status, descriptors] = await Promise.all([readFile(`${folder}/status`, 'utf8'), readdir(`${folder}/fd`)]);
    return { rssMb: Number(/^VmRSS:\s+(\d+)/m.exec(status)?.[1]) / 1024, descriptors: descriptors.length };
  }

  /** Runs a command of weir with --json. */
  weir(...args: readonly string[]): Promise<LabAnswer> {
    return this.weirWith({}, ...args);
  }

  /** The same with more variables in its environment. */
  async weirWith(more: Readonly<Record<string, string>>, ...args: readonly string[]): Promise<LabAnswer> {
    const child = this.#spawn(args, [], more);
    return await answerOf(child, args, () => this.log);
  }

  /** `weir sidecar upgrade main`. */
  async upgrade(...args: readonly string[]): Promise<LabAnswer> {
    return this.weir('sidecar', 'upgrade', 'main', ...args);
  }

  // biome-ignore lint/suspicious/noExplicitAny: the JSON of a status.
  async status(): Promise<any> {
    const { json } = await this.weir('sidecar', 'status', 'main');
    return json.result?.sidecars[0];
  }

  /** What the supervisor says of the sidecar, asked without a process of weir; null when nobody answers. For waits. */
  async told(): Promise<SidecarStatus | null> {
    return supervisorWord(this.runDir, 'main');
  }

  /** Waits until the sidecar is live and no upgrade is under way: the drain of one goes on after it was rolled back. */
  async untilAtRest(): Promise<void> {
    await this.until('the sidecar to be at rest', async () => {
      const told = await this.told();
      return told !== null && told.state === 'live' && told.upgrade === null;
    });
  }

  /** Waits until the supervisor is in this state of an upgrade. */
  async untilState(...states: readonly string[]): Promise<void> {
    await this.until(`the state ${states.join(' or ')}`, async () => {
      const seen = (await this.journal()).findLast((entry) => entry.kind === 'state');
      return states.includes(String(seen?.state));
    });
  }

  /**
   * Waits until the journal has one of these states behind its first `known` entries. Unlike `untilState` it does not
   * miss a state that is over within a moment.
   */
  async untilReached(known: number, ...states: readonly string[]): Promise<void> {
    await this.until(`${states.join(' or ')} to be reached`, async () =>
      (await this.journal()).slice(known).some(({ kind, state }) => kind === 'state' && states.includes(String(state))),
    );
  }

  async journal(): Promise<readonly Record<string, unknown>[]> {
    const path = join(this.folder, 'state', 'sidecars', 'main', 'journal.jsonl');
    const text = await readFile(path, 'utf8').catch(() => '');
    return text.split('\n').flatMap((line) => (line === '' ? [] : [JSON.parse(line)]));
  }

  /** The pids of Envoys that were started here and live, oldest first. */
  async envoys(): Promise<number[]> {
    return (await this.#kept(/^g(\d+)\.pid$/)).map(({ pid }) => pid);
  }

  /** Waits until the newest Envoy, or the script in its place, has stopped itself; resolves to its pid. */
  async untilStopped(): Promise<number> {
    let pid = 0;
    await this.until('the newest process to stop itself', async () => {
      pid = (await this.envoys()).at(-1) ?? 0;
      return /^State:\s+T/m.test(await readFile(`/proc/${pid}/status`, 'utf8').catch(() => ''));
    });
    return pid;
  }

  async #kept(pattern: RegExp): Promise<{ pid: number; keeper: number }[]> {
    const folder = join(this.runDir, 'main');
    const names = (await readdir(folder).catch(() => [])).filter((name) => pattern.test(name));
    names.sort((a, b) => Number(/\d+/.exec(a)?.[0] ?? 0) - Number(/\d+/.exec(b)?.[0] ?? 0));
    const living: { pid: number; keeper: number }[] = [];
    for (const name of names) {
      const [pid, start, keeper] = (await readFile(join(folder, name), 'utf8').catch(() => '')).trim().split(' ');
      const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '');
      const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
      if (fields[19] === start && fields[0] !== 'Z') living.push({ pid: Number(pid), keeper: Number(keeper) });
    }
    return living;
  }

  /** Waits for a fact, with a generous deadline: the machine may be loaded. */
  async until(what: string, test: () => Promise<boolean>, patienceMs = PATIENCE_MS): Promise<void> {
    await until(what, test, { patienceMs, tell: () => this.log });
  }

  /** Ends everything that was started here, by number, and removes the folder. */
  async close(): Promise<void> {
    await this.sharedMemory();
    await this.killSupervisor();
    for (const { pid } of await this.#kept(/\.pid$/)) kill(pid);
    this.upstream.close();
    await sleep(50);
    // A keeper may still write how its process ended.
    await rm(this.folder, { recursive: true, force: true, maxRetries: 10, retryDelay: 50 });
    for (const name of await readdir('/dev/shm')) {
      if (this.#sharedMemory.has(name)) await rm(join('/dev/shm', name), { force: true });
    }
  }

  readonly #sharedMemory = new Set<string>();

  /** Names the shared memory of this sidecar, found by what its living Envoys map. */
  async sharedMemory(): Promise<string[]> {
    for (const pid of await this.envoys()) {
      const maps = await readFile(`/proc/${pid}/maps`, 'utf8').catch(() => '');
      for (const [, name] of maps.matchAll(/\/dev\/shm\/(envoy_shared_memory_\d+)/g)) {
        if (name !== undefined) this.#sharedMemory.add(name);
      }
    }
    return [...this.#sharedMemory];
  }
}

/** What the supervisor of a sidecar says of it; null when nobody answers in time. */
export async function supervisorWord(runDir: string, name: string): Promise<SidecarStatus | null> {
  const late = AbortSignal.timeout(ANSWER_MS);
  const answer = await askSupervisorOf<'status'>(runDir, name, { command: 'status' }, undefined, late);
  return answer.kind === 'result' ? answer.result : null;
}

function kill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // It has ended meanwhile.
  }
}
