/** A container for a sidecar, made of namespaces. */
import { type ChildProcess, spawn } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { WEIR_BIN } from '../../run-weir.ts';
import { withOwnMounts } from '../lab/own-mounts.ts';
import { answerOf, type LabAnswer } from './lab-answer.ts';
import type { SidecarLab } from './sidecar-lab.ts';

/**
 * A container as a sidecar sees one: process and mount namespaces of its own, /proc of its own, weir as process 1; network,
 * /dev/shm and the run and state directories are those of the pod, which the lab stands for.
 */
export class Container {
  readonly #lab: SidecarLab;
  readonly #versions: Readonly<Record<string, string>>;
  readonly #child: ChildProcess;
  /** Its process 1, by the number that it has outside. */
  pid = 0;
  log = '';
  readonly exit: Promise<number | null>;

  private constructor(lab: SidecarLab, versions: readonly [number, number] | null) {
    this.#lab = lab;
    this.#versions =
      versions === null ? {} : { SIDECARSET_VERSION: String(versions[0]), SIDECARSET_VERSION_ALT: String(versions[1]) };
    const ownProcesses = ['unshare', '--pid', '--fork', '--kill-child=SIGKILL', '--'];
    const ownProc = ['sh', '-c', 'mount -t proc proc /proc && exec "$@"', 'container'];
    const weir = [process.execPath, WEIR_BIN, 'sidecar', 'run', 'main', '--json'];
    const [file, ...args] = withOwnMounts(...ownProcesses, ...ownProc, ...weir);
    this.#child = spawn(file, args, {
      env: lab.environment(this.#versions),
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    for (const stream of [this.#child.stdout, this.#child.stderr]) {
      stream?.on('data', (chunk) => {
        this.log += chunk;
      });
    }
    this.exit = new Promise((resolve) => this.#child.once('close', (code) => resolve(code)));
  }

  /** Starts one; `versions` are SIDECARSET_VERSION and SIDECARSET_VERSION_ALT, null leaves them out. */
  static async start(lab: SidecarLab, versions: readonly [number, number] | null): Promise<Container> {
    const container = new Container(lab, versions);
    const begun = lab.until('the process 1 of a container', async () => {
      const { pid } = container.#child;
      const children = await readFile(`/proc/${pid}/task/${pid}/children`, 'utf8').catch(() => '');
      const [first = ''] = children.trim().split(' ');
      // Before it is weir, it is a shell that mounts /proc; and so are the children on the way to it. Soon weir makes
      // a reaping shell of itself, and runs below that.
      const command = await readFile(`/proc/${first}/cmdline`, 'utf8').catch(() => '');
      if (command.startsWith(`${process.execPath}\0`) || command.includes('\0weir-init\0'))
        container.pid = Number(first);
      return container.pid > 0 || container.#child.exitCode !== null;
    });
    // Nobody else could end it.
    await begun.catch(async (error) => {
      await container.kill();
      throw error;
    });
    return container;
  }

  get isRunning(): boolean {
    return this.#child.exitCode === null && this.#child.signalCode === null;
  }

  /** Runs a command of weir in the container, as `kubectl exec` and postStart do. */
  async weir(...args: readonly string[]): Promise<LabAnswer> {
    const inside = ['-t', String(this.pid), '-p', '-m', '-r', '--'];
    const child = spawn('nsenter', [...inside, process.execPath, WEIR_BIN, ...args, '--json'], {
      env: this.#lab.environment(this.#versions),
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    return await answerOf(child, args, () => this.log);
  }

  /** `weir sidecar wait-settled main`, what postStart runs. */
  waitSettled(timeout = '60s'): Promise<LabAnswer> {
    return this.weir('sidecar', 'wait-settled', 'main', '--timeout', timeout);
  }

  /** What the kubelet does to end it: a signal to its process 1. */
  signal(signal: NodeJS.Signals): void {
    if (this.isRunning && this.pid > 0) process.kill(this.pid, signal);
  }

  /** Every process in it ends at once. */
  async kill(): Promise<void> {
    this.#child.kill('SIGKILL');
    await this.exit;
  }

  /** Command lines of what runs in it. */
  async processes(): Promise<string[]> {
    const child = spawn('nsenter', ['-t', String(this.pid), '-p', '-m', '-r', '--', 'ps', '-eo', 'stat=,args='], {
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    let text = '';
    child.stdout.on('data', (chunk) => {
      text += chunk;
    });
    await new Promise((resolve) => child.on('close', resolve));
    return text.split('\n').filter((line) => line !== '' && !line.includes('ps -eo'));
  }
}
