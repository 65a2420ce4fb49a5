/** A machine with a real systemd as process 1: namespaces of its own over a small Debian. */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, rm, rmdir, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Debian, systemdRoot } from '../../scripts/setup/systemd.ts';
import { PROJECT_ROOT } from '../run-weir.ts';

const PATIENCE_MS = 120_000;

/** Where the machine sees this project. */
export const SOURCE = '/opt/source';

// Arguments: the Debian, the folder of this machine, the project. What is written survives a reboot in `upper`.
const INIT = `
set -e
root=$1/root
mkdir -p "$1/upper" "$1/work" "$root"
mount -t overlay overlay -o "lowerdir=$2,upperdir=$1/upper,workdir=$1/work" "$root"
mkdir -p "$root${SOURCE}" "$root/srv/shared"
mount --bind "$3" "$root${SOURCE}"
mount --bind "$1/shared" "$root/srv/shared"
mount -t proc proc "$root/proc"
mount -t sysfs sysfs "$root/sys"
for folder in run tmp dev; do mount -t tmpfs tmpfs "$root/$folder"; done
for device in null zero full random urandom tty; do
  : >"$root/dev/$device"; mount --bind "/dev/$device" "$root/dev/$device"
done
mkdir "$root/dev/shm" "$root/dev/pts"
mount -t tmpfs tmpfs "$root/dev/shm"
mount -t cgroup2 cgroup2 "$root/sys/fs/cgroup"
ip link set lo up
cd "$root"
pivot_root . mnt
umount -l /mnt
exec env -i container=weir PATH=/usr/sbin:/usr/bin:/sbin:/bin /sbin/init
`;

/** The end of a command in the machine. */
export interface MachineAnswer {
  readonly code: number | null;
  readonly out: string;
}

/** A machine; everything goes with \`close\`. */
export class SystemdMachine {
  readonly folder: string;
  readonly #group: string;
  readonly #debian: Debian;
  #child: ChildProcess | null = null;
  /** Process 1, by its number outside. */
  pid = 0;

  private constructor(folder: string, debian: Debian) {
    this.folder = folder;
    this.#debian = debian;
    const unified = existsSync('/sys/fs/cgroup/unified') ? '/sys/fs/cgroup/unified' : '/sys/fs/cgroup';
    this.#group = join(unified, `weir-machine-${process.pid}-${Date.now()}`);
  }

  static async start(debian: Debian = 'bookworm'): Promise<SystemdMachine> {
    const machine = new SystemdMachine(await mkdtemp(join(tmpdir(), 'weir-machine-')), debian);
    // An overlay's upper layer cannot itself be on an overlay.
    const { status, stderr } = spawnSync('mount', ['-t', 'tmpfs', 'tmpfs', machine.folder], { encoding: 'utf8' });
    if (status !== 0) throw new Error(stderr);
    await mkdir(machine.shared);
    await machine.boot();
    return machine;
  }

  /** A folder of the machine that is \`/srv/shared\` inside. */
  get shared(): string {
    return join(this.folder, 'shared');
  }

  /** Starts it, or starts it again with the files that it had. */
  async boot(): Promise<void> {
    await mkdir(this.#group, { recursive: true });
    const inGroup = ['sh', '-c', 'echo $$ >"$0/cgroup.procs" && exec "$@"', this.#group];
    const unshare = ['unshare', ...'--pid --mount --net --uts --ipc --cgroup --fork --kill-child'.split(' ')];
    const script = [
      '--propagation',
      'private',
      '--',
      'sh',
      '-c',
      INIT,
      'init',
      this.folder,
      systemdRoot(this.#debian),
      PROJECT_ROOT,
    ];
    const [file = '', ...args] = [...inGroup, ...unshare, ...script];
    const child = spawn(file, args, { stdio: ['ignore', 'ignore', 'inherit'] });
    this.#child = child;
    await this.until('systemd to run', async () => {
      if (child.exitCode !== null) throw new Error(`the machine ended with ${child.exitCode}`);
      const children = await readFile(`/proc/${child.pid}/task/${child.pid}/children`, 'utf8').catch(() => '');
      this.pid = Number(children.trim().split(' ')[0] || 0);
      if (this.pid === 0) return false;
      const { out } = this.run('systemctl', 'is-system-running');
      return /running|degraded/.test(out);
    });
  }

  /** Pulls the plug. */
  async powerOff(): Promise<void> {
    const child = this.#child;
    if (child === null || child.exitCode !== null || child.signalCode !== null) return;
    const gone = new Promise((resolve) => child.once('exit', resolve));
    child.kill('SIGKILL');
    await gone;
    await this.until('the last process to be gone', async () => {
      const processes = await readFile(join(this.#group, 'cgroup.events'), 'utf8').catch(() => '');
      return !processes.includes('populated 1');
    });
  }

  /** Runs a command inside to its end. */
  run(...argv: readonly string[]): MachineAnswer {
    const [file = '', ...args] = this.#entered(argv);
    const { status, stdout, stderr } = spawnSync(file, args, { encoding: 'utf8', timeout: PATIENCE_MS });
    return { code: status, out: `${stdout}${stderr}`.trim() };
  }

  /** Starts a command inside. */
  start(...argv: readonly string[]): ChildProcess {
    const [file = '', ...args] = this.#entered(argv);
    return spawn(file, args, { stdio: ['pipe', 'pipe', 'inherit'] });
  }

  #entered(argv: readonly string[]): string[] {
    const namespaces = '--pid --mount --net --uts --ipc --cgroup'.split(' ');
    const environment = ['env', '-i', 'PATH=/usr/sbin:/usr/bin:/sbin:/bin', 'HOME=/root'];
    return ['nsenter', '--target', String(this.pid), ...namespaces, '--', ...environment, ...argv];
  }

  /** One property of a unit. */
  property(unit: string, name: string): string {
    return this.run('systemctl', 'show', '--value', '--property', name, unit).out;
  }

  /** The number outside of a process inside. */
  async outside(inside: number): Promise<number> {
    const processes = (await readFile(join(this.#group, 'cgroup.procs'), 'utf8').catch(() => '')).split('\n');
    const { stdout } = spawnSync('find', [this.#group, '-name', 'cgroup.procs', '-exec', 'cat', '{}', '+'], {
      encoding: 'utf8',
    });
    for (const pid of [...processes, ...stdout.split('\n')].filter((line) => line !== '')) {
      const status = await readFile(`/proc/${pid}/status`, 'utf8').catch(() => '');
      if (Number(/^NSpid:.*\t(\d+)$/m.exec(status)?.[1]) === inside) return Number(pid);
    }
    throw new Error(`no process of the machine has the number ${inside}`);
  }

  async write(path: string, text: string, mode = 0o644): Promise<void> {
    const file = join(this.shared, `file-${Date.now()}-${Math.random()}`);
    await writeFile(file, text, { mode });
    const inside = `/srv/shared/${file.slice(this.shared.length + 1)}`;
    const { code, out } = this.run('install', '-D', '-m', mode.toString(8), inside, path);
    if (code !== 0) throw new Error(out);
    await rm(file);
  }

  async until(what: string, test: () => Promise<boolean>): Promise<void> {
    const deadline = Date.now() + PATIENCE_MS;
    while (!(await test())) {
      if (Date.now() > deadline) throw new Error(`gave up waiting for ${what}\n${this.log()}`);
      await sleep(100);
    }
  }

  /** The end of the machine's journal. */
  log(): string {
    return this.pid === 0 ? '' : this.run('journalctl', '--no-pager', '--lines', '60').out;
  }

  async close(): Promise<void> {
    await this.powerOff();
    spawnSync('umount', ['--lazy', this.folder]);
    await rm(this.folder, { recursive: true, force: true });
    spawnSync('find', [this.#group, '-depth', '-type', 'd', '-exec', 'rmdir', '{}', '+'], { stdio: 'ignore' });
    await rmdir(this.#group).catch(() => {});
  }
}
