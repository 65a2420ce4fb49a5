import { type ChildProcess, spawn } from 'node:child_process';
import { performance } from 'node:perf_hooks';

/**
 * When a switch is in the kernel, by the kernel's own word: `nft monitor` in a namespace, which also sees what iptables-nft
 * writes. New connections go direct from then on, whatever the command still looks at before it says so.
 */
export class SwitchWatch {
  readonly #monitor: ChildProcess;
  #first: number | null = null;

  constructor(netns: string) {
    this.#monitor = spawn('nsenter', [`--net=${netns}`, '--', 'nft', 'monitor', 'new'], {
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    this.#monitor.stdout?.on('data', () => {
      this.#first ??= performance.now();
    });
  }

  /** From now on. */
  begin(): void {
    this.#first = null;
  }

  /** Milliseconds from `began` until the first change; null when there was none. */
  since(began: number): number | null {
    return this.#first === null ? null : this.#first - began;
  }

  close(): void {
    this.#monitor.kill('SIGKILL');
  }
}
