/** A real etcd on loopback, with a fleet.yaml for it. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { etcdBinary } from '../../../scripts/setup/etcd.ts';
import { etcdStore } from '../../../src/fleet/adapters/etcd/etcd-store.ts';
import type { FleetStore } from '../../../src/fleet/ports.ts';
import { freePorts } from '../../free-ports.ts';
import { untilAllStopped } from '../../stopped.ts';

/** One store; it ends with its test. Without one, somebody has to close it. */
export class EtcdLab {
  readonly endpoint: string;
  readonly config: string;
  readonly #folder: string;
  #etcd: ChildProcess | null = null;
  readonly #peers: string;

  private constructor(folder: string, ports: readonly number[]) {
    const [client = 0, peer = 0] = ports;
    this.#folder = folder;
    this.endpoint = `http://127.0.0.1:${client}`;
    this.#peers = `http://127.0.0.1:${peer}`;
    this.config = this.file(
      'fleet.yaml',
      `apiVersion: weir.dev/v1\nregions: {east: {etcd: {endpoints: ["${this.endpoint}"]}}}\n`,
    );
  }

  static async open(t?: TestContext): Promise<EtcdLab> {
    const lab = new EtcdLab(mkdtempSync(join(tmpdir(), 'weir-etcd-')), await freePorts(2));
    t?.after(() => lab.close());
    await lab.start();
    return lab;
  }

  /** Writes a file beside the data. */
  file(name: string, text: string): string {
    const path = join(this.#folder, name);
    writeFileSync(path, text);
    return path;
  }

  /** The store as weir reaches it; a write on a busy disk may take long. */
  store(...others: readonly string[]): FleetStore {
    return etcdStore({ name: 'east', kind: 'etcd', endpoints: [...others, this.endpoint], timeout: 20_000 });
  }

  async start(): Promise<void> {
    const flags = ['--listen-client-urls', this.endpoint, '--advertise-client-urls', this.endpoint];
    const peers = ['--listen-peer-urls', this.#peers, '--initial-advertise-peer-urls', this.#peers];
    const argv = [
      '--data-dir',
      join(this.#folder, 'data'),
      ...flags,
      ...peers,
      '--initial-cluster',
      `default=${this.#peers}`,
    ];
    this.#etcd = spawn(await etcdBinary(), argv, { stdio: 'ignore' });
    for (let tries = 0; tries < 600; tries += 1) {
      if (
        await this.store()
          .list(['/'])
          .then(
            () => true,
            () => false,
          )
      )
        return;
      await sleep(100);
    }
    throw new Error('etcd did not come up');
  }

  /** Resolves when it answers nobody any more. */
  async freeze(): Promise<void> {
    this.#etcd?.kill('SIGSTOP');
    await untilAllStopped(this.#etcd?.pid);
  }

  thaw(): void {
    this.#etcd?.kill('SIGCONT');
  }

  async kill(): Promise<void> {
    const etcd = this.#etcd;
    if (etcd === null || etcd.exitCode !== null || etcd.signalCode !== null) return;
    etcd.kill('SIGKILL');
    await once(etcd, 'close');
  }

  /** Keeps a copy of the data as they are now. */
  async backUp(): Promise<void> {
    await this.#replace('data', 'backup');
  }

  /** Goes on from the copy: the same cluster, at an older revision. */
  async restore(): Promise<void> {
    await this.#replace('backup', 'data');
  }

  async #replace(from: string, to: string): Promise<void> {
    await this.kill();
    rmSync(join(this.#folder, to), { recursive: true, force: true });
    cpSync(join(this.#folder, from), join(this.#folder, to), { recursive: true });
    await this.start();
  }

  /** Ends etcd and removes its data. */
  async close(): Promise<void> {
    await this.kill();
    rmSync(this.#folder, { recursive: true, force: true });
  }
}
