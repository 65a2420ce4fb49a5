/** A sidecar under `weir sidecar run` in the tour. */
import { type ChildProcess, spawn } from 'node:child_process';
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type OwnedChild, startOwned } from './children.ts';

const START_PATIENCE_MS = 30_000;

/**
 * Ends what a supervisor keeps alive on purpose. Its Envoys outlive it, also when the tour itself is killed, so a shell
 * holds the other end of a pipe: when that closes, whoever held it, it kills the processes that the keepers wrote down.
 */
const REAPER = 'read -r _; for f in "$1"/*.pid; do read -r pid _ <"$f" && kill -9 "$pid"; done 2>/dev/null';

/** A sidecar under `weir sidecar run` in the tour. */
export class SupervisedEnvoy {
  readonly #supervisor: OwnedChild;
  readonly #reaper: ChildProcess;
  readonly #folder: string;

  /** `folder` is the run directory of that sidecar. */
  constructor(argv: readonly string[], folder: string) {
    this.#folder = folder;
    this.#reaper = spawn('sh', ['-c', REAPER, 'weir-tour-reaper', folder], {
      stdio: ['pipe', 'ignore', 'ignore'],
      detached: true,
    });
    this.#reaper.unref();
    this.#supervisor = startOwned(argv, { stdio: 'ignore' });
  }

  /** Resolves to whether the supervisor has an Envoy that is live, by asking `isLive` again and again. */
  async untilLive(isLive: () => Promise<boolean>): Promise<boolean> {
    const deadline = performance.now() + START_PATIENCE_MS;
    while (performance.now() < deadline && this.#supervisor.process.exitCode === null) {
      if (globSync('g*.pid', { cwd: this.#folder }).length > 0 && (await isLive())) return true;
      await sleep(100);
    }
    return false;
  }

  /** Ends the supervisor and whatever it kept. */
  async end(): Promise<void> {
    await this.#supervisor.end();
    for (const file of globSync('*.pid', { cwd: this.#folder })) {
      const pid = Number(readFileSync(join(this.#folder, file), 'utf8').split(' ')[0]);
      try {
        process.kill(pid, 'SIGKILL');
      } catch {
        // It has ended: the usual case, after `weir sidecar stop`.
      }
    }
    this.#reaper.kill('SIGKILL');
  }
}
