/** Faults during an upgrade, and how a test causes them. */
import { spawnSync } from 'node:child_process';
import { chown, open, readFile, stat, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { openToAll } from '../lab/open-to-all.ts';
import type { LabAnswer } from './lab-answer.ts';
import { openMemoryLimit } from './memory-limit.ts';
import { OpenLoopClient } from './open-loop.ts';
import { type LabOptions, NEW_ENVOY, SidecarLab } from './sidecar-lab.ts';

/** A fault during an upgrade that must lose nothing, and how the upgrade has to end. */
export interface FaultCase {
  /** Short, for a table. */
  readonly fault: string;
  /** What is expected, as a sentence. */
  readonly behaviour: string;
  readonly code: number;
  readonly outcome: string;
  /** What the error or a warning must name. */
  readonly says?: RegExp;
  readonly lab?: LabOptions;
  /** Brings the fault about, upgrades, and takes the fault away again. */
  provoke(lab: SidecarLab): Promise<LabAnswer>;
}

/** What a fault led to. `states` are those that the upgrade went through. */
export interface FaultRow {
  readonly code: number | null;
  readonly outcome: string;
  readonly said: string;
  readonly states: readonly string[];
}

/** What clients felt of all faults of a series, and what is left after them. */
export interface FaultSeriesEnd {
  readonly lost: number;
  readonly duplicated: number;
  readonly errors: readonly string[];
  /** How an upgrade afterwards ended, without any repair in between. */
  readonly next: string;
  readonly envoysLeft: number;
}

/** Faults one after another on one sidecar, under load and without any repair between them. */
export class FaultSeries {
  readonly #lab: SidecarLab;
  readonly #client: OpenLoopClient;

  private constructor(lab: SidecarLab, client: OpenLoopClient) {
    this.#lab = lab;
    this.#client = client;
  }

  static async open(options: LabOptions = {}): Promise<FaultSeries> {
    const lab = await SidecarLab.open({ drain: '4s', ...options });
    try {
      await lab.run();
    } catch (error) {
      await lab.close();
      throw error;
    }
    const client = new OpenLoopClient({ port: lab.port, rate: 60, connections: 20, lengthsMs: [5, 5, 800] });
    await sleep(300);
    return new FaultSeries(lab, client);
  }

  /** Requests that have failed so far. */
  get errors(): readonly string[] {
    return this.#client.errors;
  }

  get log(): string {
    return this.#lab.log;
  }

  async provoke(one: FaultCase): Promise<FaultRow> {
    const { code, json } = await one.provoke(this.#lab);
    const report = json.result ?? json.error.details ?? {};
    return {
      code,
      outcome: String(report.outcome ?? json.error?.code),
      said: [json.error?.why, ...(json.warnings ?? [])].join('\n'),
      states: (report.states ?? []).map(({ state }: { state: string }) => state),
    };
  }

  /** Upgrades once more without any repair, and counts. */
  async finish(): Promise<FaultSeriesEnd> {
    const next = await this.#lab.upgrade('--binary', NEW_ENVOY, '--force');
    const { lost, duplicated, errors } = await this.#client.finish(this.#lab.upstream);
    return {
      ...{ lost, duplicated, errors },
      next: String(next.json.result?.outcome ?? next.json.error?.why),
      envoysLeft: (await this.#lab.envoys()).length,
    };
  }

  async close(): Promise<void> {
    this.#client.stop();
    await this.#lab.close();
  }
}

/** A fault on a sidecar of its own, for a table. */
export async function tryFault(one: FaultCase): Promise<FaultRow & FaultSeriesEnd> {
  const series = await FaultSeries.open(one.lab);
  try {
    return { ...(await series.provoke(one)), ...(await series.finish()) };
  } finally {
    await series.close();
  }
}

/** An Envoy that is run by this shell script; `"$@"` are its arguments, a start for an upgrade has --restart-epoch among them. */
async function scripted(lab: SidecarLab, name: string, script: string): Promise<string> {
  const path = join(lab.folder, name);
  await writeFile(path, `#!/bin/sh\n${script}\nexec ${openToAll(NEW_ENVOY, lab.folder)} "$@"\n`, { mode: 0o755 });
  return path;
}

async function sharedMemoryFile(lab: SidecarLab): Promise<string> {
  const [name] = await lab.sharedMemory();
  return join('/dev/shm', String(name));
}

/**
 * The faults of the design that end before the hand-over, or that it survives. Those after it are tests of their own.
 * Refused ones come first, while every upgrade of a series is one to another version.
 */
export const FAULT_CASES: readonly FaultCase[] = [
  {
    fault: 'bootstrap that Envoy refuses',
    behaviour: 'a bootstrap that Envoy does not accept is refused',
    code: 3,
    outcome: 'refused',
    says: /stat_prefixx/,
    async provoke(lab) {
      const bad = join(lab.folder, 'bad.json');
      const good = await readFile(join(lab.folder, 'first.json'), 'utf8');
      await writeFile(bad, good.replace('stat_prefix', 'stat_prefixx'));
      return lab.upgrade('--binary', NEW_ENVOY, '--bootstrap', bad);
    },
  },
  {
    fault: 'other hot restart version',
    behaviour: 'a binary with another hot restart version is refused',
    code: 3,
    outcome: 'refused',
    says: /12\.104/,
    async provoke(lab) {
      const other = await scripted(lab, 'other', '[ "$1" = --hot-restart-version ] && { echo 12.104; exit 0; }');
      return lab.upgrade('--binary', other);
    },
  },
  {
    fault: 'port of a new listener is busy',
    behaviour: 'a busy port of a new listener is refused before anything is started',
    code: 3,
    outcome: 'refused',
    says: /\d/,
    async provoke(lab) {
      const squatter = createServer();
      await new Promise<void>((resolve) => squatter.listen(lab.sparePort, '127.0.0.1', resolve));
      try {
        const more = await lab.writeBootstrap('more.json', { extraPorts: [lab.sparePort] });
        return await lab.upgrade('--binary', NEW_ENVOY, '--bootstrap', more);
      } finally {
        squatter.close();
      }
    },
  },
  {
    fault: 'shared memory of another account',
    behaviour: 'shared memory that belongs to somebody else is refused',
    code: 3,
    outcome: 'refused',
    says: /12345/,
    async provoke(lab) {
      const path = await sharedMemoryFile(lab);
      const { uid, gid } = await stat(path);
      await chown(path, 12_345, gid);
      try {
        return await lab.upgrade('--binary', NEW_ENVOY);
      } finally {
        await chown(path, uid, gid);
      }
    },
  },
  {
    fault: 'other number of workers',
    behaviour: 'a change of the number of workers is refused',
    code: 3,
    outcome: 'refused',
    says: /concurrency/,
    async provoke(lab) {
      await lab.configure({ concurrency: 2 });
      const answer = await lab.upgrade('--binary', NEW_ENVOY);
      await lab.configure();
      return answer;
    },
  },
  {
    fault: 'disk full',
    behaviour: 'a state directory without room is refused',
    code: 3,
    outcome: 'WEIR4003',
    says: /ENOSPC/,
    async provoke(lab) {
      const versions = join(lab.folder, 'state', 'sidecars', 'main', 'versions');
      spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=64k', 'tmpfs', versions]);
      try {
        return await lab.upgrade('--binary', NEW_ENVOY);
      } finally {
        spawnSync('umount', ['-l', versions]);
      }
    },
  },
  {
    fault: 'shared memory read-only',
    behaviour: 'shared memory that has become read-only is refused',
    code: 3,
    outcome: 'refused',
    says: /envoy_shared_memory_\d+ cannot be written: EROFS/,
    lab: { ownSharedMemory: true },
    async provoke(lab) {
      // A second mount over the first: one that Envoy writes to is busy and cannot be made read-only.
      lab.inItsMounts('mount', '--bind', '/dev/shm', '/dev/shm');
      lab.inItsMounts('mount', '-o', 'remount,bind,ro', '/dev/shm');
      try {
        return await lab.upgrade('--binary', NEW_ENVOY);
      } finally {
        lab.inItsMounts('umount', '/dev/shm');
      }
    },
  },
  {
    fault: 'new one crashes at its start',
    behaviour: 'a new process that crashes while it starts is aborted',
    code: 4,
    outcome: 'aborted',
    async provoke(lab) {
      // It cannot become live: on a busy machine the shell slept past a whole hand-over, and what died then had served.
      const hanging = await lab.writeBootstrap('hanging.json', { hangSeconds: 600 });
      const script = 'case " $* " in *" --restart-epoch "*) (sleep 0.03; kill -9 $$) & ;; esac';
      return lab.upgrade('--binary', await scripted(lab, 'crashing', script), '--bootstrap', hanging);
    },
  },
  {
    fault: 'new one killed, initializing',
    behaviour: 'a new process that is killed while it initializes is aborted',
    code: 4,
    outcome: 'aborted',
    async provoke(lab) {
      const hanging = await lab.writeBootstrap('hanging.json', { hangSeconds: 600 });
      const upgrade = lab.upgrade('--binary', NEW_ENVOY, '--bootstrap', hanging);
      await lab.untilState('initializing');
      const fresh = (await lab.envoys()).at(-1);
      process.kill(Number(fresh), 'SIGKILL');
      return upgrade;
    },
  },
  {
    fault: 'new one out of memory',
    behaviour: 'a new process that the kernel kills for its memory is aborted',
    code: 4,
    outcome: 'aborted',
    says: /the new process ended: signal (9|6)/,
    async provoke(lab) {
      // It stops itself before it becomes Envoy, so that it is put under the limit in time and by root.
      const script = 'case " $* " in *" --restart-epoch "*) kill -STOP $$ ;; esac';
      const known = (await lab.journal()).length;
      const upgrade = lab.upgrade('--binary', await scripted(lab, 'hungry', script));
      await lab.untilReached(known, 'spawned');
      const fresh = await lab.untilStopped();
      // A third of what Envoy needs before it has read its configuration.
      const limit = await openMemoryLimit(4 * 1024 * 1024);
      try {
        await limit.add(fresh);
        process.kill(fresh, 'SIGCONT');
        return await upgrade;
      } finally {
        await limit.close();
      }
    },
  },
  {
    fault: 'flag left set in shared memory',
    behaviour: 'a flag of the shared memory that was left set does not stop an upgrade',
    code: 0,
    outcome: 'settled',
    async provoke(lab) {
      const file = await open(await sharedMemoryFile(lab), 'r+');
      await file.write(Buffer.of(1), 0, 1, 96);
      await file.close();
      return lab.upgrade('--binary', NEW_ENVOY);
    },
  },
  {
    fault: 'control plane hangs',
    behaviour: 'a control plane that hangs ends in an abort at the initialization deadline',
    code: 4,
    outcome: 'aborted',
    says: /progress/,
    async provoke(lab) {
      const hanging = await lab.writeBootstrap('hanging.json', { hangSeconds: 600 });
      return lab.upgrade('--binary', NEW_ENVOY, '--bootstrap', hanging, '--init-timeout', '3s');
    },
  },
  {
    fault: 'second upgrade; then abort',
    behaviour: 'an operator aborts while the new process initializes; a second upgrade meanwhile is told busy',
    code: 4,
    outcome: 'aborted',
    says: /aborted by the operator/,
    async provoke(lab) {
      const hanging = await lab.writeBootstrap('hanging.json', { hangSeconds: 600 });
      const upgrade = lab.upgrade('--binary', NEW_ENVOY, '--bootstrap', hanging);
      await lab.untilState('initializing');
      const second = await lab.upgrade('--binary', NEW_ENVOY);
      const busy = `${second.code} ${second.json.error?.code} ${second.json.error?.details?.state}`;
      if (busy !== '3 WEIR4005 INITIALIZING') throw new Error(`the second upgrade was not told busy: ${busy}`);
      const aborted = await lab.weir('sidecar', 'abort', 'main');
      if (aborted.json.result?.aborted !== true) throw new Error(`not aborted: ${JSON.stringify(aborted.json)}`);
      return upgrade;
    },
  },
  {
    fault: 'SDK hook is dead',
    behaviour: 'an SDK hook that is dead is a warning in the report of a settled upgrade',
    code: 0,
    outcome: 'settled',
    says: /consumer notice \(http\) failed[\s\S]*provider notice \(exec\) failed/,
    async provoke(lab) {
      const http = `http://127.0.0.1:${lab.sparePort}/drain`;
      await lab.configure({ notify: { consumer: { http }, provider: { exec: ['/bin/false'] } } });
      return lab.upgrade('--binary', NEW_ENVOY, '--force');
    },
  },
];
