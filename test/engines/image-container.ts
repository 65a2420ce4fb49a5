/** A container of an image that was unpacked, run by runc with the image's own configuration. */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

const PATIENCE_MS = 120_000;

/** What containerd gives to a container that asks for nothing; umoci's template has three of them. */
const CAPABILITIES = [
  ...['CHOWN', 'DAC_OVERRIDE', 'FSETID', 'FOWNER', 'MKNOD', 'NET_RAW', 'SETGID', 'SETUID', 'SETFCAP', 'SETPCAP'],
  ...['NET_BIND_SERVICE', 'SYS_CHROOT', 'KILL', 'AUDIT_WRITE'],
].map((name) => `CAP_${name}`);

/** How a container differs from what its image says. */
export interface ContainerWish {
  /** Layout and tag. */
  readonly image: string;
  /** In place of the image's command; its entrypoint stays. */
  readonly command?: readonly string[];
  /** Files of the host by their places inside. */
  readonly files: Readonly<Record<string, string>>;
  /** As a pod with `hostNetwork`. */
  readonly isOnHostNetwork?: boolean;
}

/** One running container; everything goes with `close`. */
export class ImageContainer {
  readonly #folder = mkdtempSync(join(tmpdir(), 'weir-container-'));
  readonly #name = basename(this.#folder);
  readonly #child: ChildProcess;
  readonly exit: Promise<number | null>;
  log = '';

  constructor({ image, command, files, isOnHostNetwork = false }: ContainerWish) {
    const bundle = join(this.#folder, 'bundle');
    succeed('umoci', 'unpack', '--image', image, bundle);
    const path = join(bundle, 'config.json');
    const config = JSON.parse(readFileSync(path, 'utf8'));
    const { process: main, linux } = config;
    main.terminal = false;
    if (command !== undefined) main.args = [main.args[0], ...command];
    for (const set of Object.keys(main.capabilities)) main.capabilities[set] = CAPABILITIES;
    config.root.readonly = false;
    if (isOnHostNetwork) {
      linux.namespaces = linux.namespaces.filter(({ type }: { type: string }) => type !== 'network');
    }
    for (const [destination, source] of Object.entries(files)) {
      config.mounts.push({ destination, source, type: 'bind', options: ['bind', 'ro'] });
    }
    writeFileSync(path, JSON.stringify(config));
    this.#child = spawn('runc', ['run', '--bundle', bundle, this.#name], { stdio: ['ignore', 'pipe', 'pipe'] });
    for (const stream of [this.#child.stdout, this.#child.stderr]) {
      stream?.on('data', (chunk) => {
        this.log += chunk;
      });
    }
    this.exit = once(this.#child, 'close').then(([code]) => code);
  }

  /** Runs a command inside to its end. */
  run(...argv: readonly string[]): { readonly code: number | null; readonly out: string } {
    const { status, stdout, stderr } = spawnSync('runc', ['exec', this.#name, ...argv], { encoding: 'utf8' });
    return { code: status, out: status === 0 ? stdout : `${stdout}${stderr}` };
  }

  /** Its process 1, by the number outside; 0 before there is one. */
  get pid(): number {
    const { status, stdout } = spawnSync('runc', ['state', this.#name], { encoding: 'utf8' });
    return status === 0 ? JSON.parse(stdout).pid : 0;
  }

  /** Starts a program of the host in the network of the container. */
  inItsNetwork(argv: readonly string[]): ChildProcess {
    return spawn('nsenter', [`--net=/proc/${this.pid}/ns/net`, '--', ...argv], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
  }

  /** What a kubelet sends to end it. */
  terminate(): void {
    succeed('runc', 'kill', this.#name, 'TERM');
  }

  async until(what: string, test: () => boolean): Promise<void> {
    const deadline = Date.now() + PATIENCE_MS;
    while (!test()) {
      if (this.#child.exitCode !== null) throw new Error(`it ended before ${what}: ${this.log}`);
      if (Date.now() > deadline) throw new Error(`gave up waiting for ${what}: ${this.log}`);
      await sleep(200);
    }
  }

  async close(): Promise<void> {
    spawnSync('runc', ['delete', '--force', this.#name]);
    if (this.#child.exitCode === null && this.#child.signalCode === null) await this.exit;
    if (existsSync(this.#folder)) rmSync(this.#folder, { recursive: true, force: true });
  }
}

function succeed(file: string, ...argv: readonly string[]): void {
  const { status, stderr } = spawnSync(file, argv, { encoding: 'utf8' });
  if (status !== 0) throw new Error(`${file} ${argv.join(' ')}: ${stderr}`);
}
