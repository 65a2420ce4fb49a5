/** A cluster of real etcds on loopback, whose leader can be killed. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { etcdStore } from '../../../src/fleet/adapters/etcd/etcd-store.ts';
import type { FleetStore } from '../../../src/fleet/ports.ts';
import { freePorts } from '../../../test/free-ports.ts';
import { untilAllStopped } from '../../../test/stopped.ts';
import { etcdBinary } from '../../setup/etcd.ts';

/** The members; `close` ends them and removes their data. */
export class EtcdCluster {
  readonly folder = mkdtempSync(join(tmpdir(), 'weir-bench-etcd-'));
  readonly endpoints: readonly string[];
  readonly #peers: readonly string[];
  readonly #members: ChildProcess[] = [];

  private constructor(ports: readonly number[]) {
    const urls = ports.map((port) => `http://127.0.0.1:${port}`);
    this.endpoints = urls.slice(0, ports.length / 2);
    this.#peers = urls.slice(ports.length / 2);
  }

  static async open(size: number): Promise<EtcdCluster> {
    const cluster = new EtcdCluster(await freePorts(size * 2));
    const all = cluster.#peers.map((url, index) => `m${index}=${url}`).join(',');
    for (const [index, endpoint] of cluster.endpoints.entries()) {
      const peer = cluster.#peers[index] ?? '';
      const argv = [
        ...['--name', `m${index}`, '--data-dir', join(cluster.folder, `m${index}`), '--initial-cluster', all],
        ...['--listen-client-urls', endpoint, '--advertise-client-urls', endpoint],
        ...['--listen-peer-urls', peer, '--initial-advertise-peer-urls', peer, '--logger', 'zap'],
      ];
      cluster.#members.push(spawn(await etcdBinary(), argv, { stdio: 'ignore' }));
    }
    // Each by itself: two make a cluster, and one that was not ready before they are killed serves nobody afterwards.
    for (const endpoint of cluster.endpoints) await cluster.#untilUp(endpoint);
    return cluster;
  }

  async #untilUp(endpoint: string): Promise<void> {
    const alone = etcdStore({ name: 'east', kind: 'etcd', endpoints: [endpoint], timeout: 20_000 });
    for (let tries = 0; ; tries += 1) {
      const isUp = await alone.list(['/']).then(
        () => true,
        () => false,
      );
      if (isUp) return;
      if (tries > 600) throw new Error(`${endpoint} did not come up`);
      await sleep(100);
    }
  }

  /** `first`: the index of the member that is asked first. */
  store({ region = 'east', timeout = 20_000, first = 0 } = {}): FleetStore {
    const endpoints = [...this.endpoints.slice(first), ...this.endpoints.slice(0, first)];
    return etcdStore({ name: region, kind: 'etcd', endpoints, timeout });
  }

  /** A fleet.yaml with one region. */
  fleetFile(timeout = '5s'): string {
    const file = join(this.folder, 'fleet.yaml');
    const regions = { east: { etcd: { endpoints: this.endpoints, timeout } } };
    writeFileSync(file, JSON.stringify({ apiVersion: 'weir.dev/v1', regions }));
    return file;
  }

  /** The index of the member that leads. */
  async leader(): Promise<number> {
    for (const [index, endpoint] of this.endpoints.entries()) {
      const response = await fetch(`${endpoint}/v3/maintenance/status`, { method: 'POST', body: '{}' });
      const { header, leader } = (await response.json()) as { header: { member_id: string }; leader: string };
      if (header.member_id === leader) return index;
    }
    throw new Error('no member says that it leads');
  }

  /** Kills the leader; resolves once it has ended. */
  async killLeader(): Promise<void> {
    await this.kill(await this.leader());
  }

  /** Freezes a member: resolves when connections are taken and nothing answers. */
  async freeze(index: number): Promise<void> {
    this.#members[index]?.kill('SIGSTOP');
    await untilAllStopped(this.#members[index]?.pid);
  }

  async killAll(): Promise<void> {
    await Promise.all(this.#members.map((_, index) => this.kill(index)));
  }

  /** Resident memory of all members in bytes, and their CPU time so far in ms. */
  usage(): { readonly rssBytes: number; readonly cpuMs: number } {
    let [rssBytes, cpuMs] = [0, 0];
    for (const { pid, exitCode } of this.#members) {
      if (exitCode !== null) continue;
      rssBytes += Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 0) * 1024;
      const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? [];
      cpuMs += (Number(fields[11]) + Number(fields[12])) * 10;
    }
    return { rssBytes, cpuMs };
  }

  async close(): Promise<void> {
    await this.killAll();
    rmSync(this.folder, { recursive: true, force: true });
  }

  /** Kills a member; resolves once it has ended. */
  async kill(index: number): Promise<void> {
    const member = this.#members[index];
    if (member === undefined || member.exitCode !== null || member.signalCode !== null) return;
    const ended = once(member, 'exit');
    member.kill('SIGKILL');
    await ended;
  }
}
