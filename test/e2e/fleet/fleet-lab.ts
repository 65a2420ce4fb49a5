/** A real etcd and hosts with real rules, for tests of the fleet. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Stage, setStage } from '../interception/stage.ts';
import type { LabProcess } from '../lab/lab-process.ts';
import { LAB_ETCD, startEtcd } from './lab-etcd.ts';

/** The name of the host of the lab. */
export const HOST = 'host-1';

/** How `weir fleet ...` ended. */
export interface FleetAnswer {
  readonly code: number | null;
  // biome-ignore lint/suspicious/noExplicitAny: results differ by command, and tests look into them at will.
  readonly json: any;
  readonly output: string;
}

/** One host of a region whose store is an etcd of its own. */
export class FleetLab {
  readonly stage: Stage;
  readonly config: string;
  #etcd: LabProcess | null = null;
  #daemon: LabProcess | null = null;
  #folder = 'etcd';

  private constructor(stage: Stage) {
    this.stage = stage;
    this.config = join(stage.lab.folder, 'fleet.yaml');
  }

  static async open(t: TestContext, name: string, { region = 'east' } = {}): Promise<FleetLab> {
    const lab = new FleetLab(await setStage(name, { test: t }));
    writeFileSync(
      lab.config,
      JSON.stringify({
        apiVersion: 'weir.dev/v1',
        regions: { [region]: { etcd: { endpoints: [LAB_ETCD], timeout: '2s' } } },
        host: { region, name: HOST, labels: { unit: 'u1' }, status: { ttl: '3s' } },
      }),
    );
    await lab.startStore();
    return lab;
  }

  /** Starts etcd; `folder` is its data: another one is another store. */
  async startStore(folder = 'etcd'): Promise<void> {
    this.#folder = folder;
    this.#etcd = await startEtcd(this.stage.lab, folder);
  }

  signalStore(signal: 'SIGSTOP' | 'SIGCONT'): void {
    this.#etcd?.signal(signal);
  }

  async killStore(): Promise<string> {
    this.#etcd?.kill();
    await this.#etcd?.ended;
    return this.#folder;
  }

  /** Starts `weir host run` and waits until it has looked at its host. */
  async startHost(): Promise<LabProcess> {
    this.#daemon = this.stage.weir.start(['host', 'run', '--fleet-config', this.config]);
    await this.#daemon.line(/follows the region/);
    return this.#daemon;
  }

  /** `weir fleet ARGS --json`, from the namespace of the host. */
  async fleet(...args: readonly string[]): Promise<FleetAnswer> {
    const words = ['fleet', ...args, '--fleet-config', this.config];
    const { code, json, stderr } = await this.stage.weir.inside(words, { WEIR_BY: 'ops@station' });
    return { code, json, output: stderr };
  }

  /** Writes an object as a file and applies it. */
  async apply(object: object): Promise<FleetAnswer> {
    const file = join(this.stage.lab.folder, 'object.yaml');
    writeFileSync(file, JSON.stringify({ apiVersion: 'weir.dev/v1', ...object }));
    return await this.fleet('apply', file);
  }

  /** The host's row of `weir fleet status`, as soon as `wanted` holds. */
  // biome-ignore lint/suspicious/noExplicitAny: as in the JSON.
  async hostWhen(what: string, wanted: (host: any) => boolean, seconds = 20): Promise<any> {
    let last: unknown;
    for (let tries = 0; tries < seconds * 4; tries += 1) {
      const { json } = await this.fleet('status');
      const host = json.result?.regions[0]?.hosts?.find(({ name }: { name: string }) => name === HOST);
      if (host !== undefined && wanted(host)) return host;
      last = host ?? json;
      await sleep(250);
    }
    throw new Error(`gave up waiting for ${what}: ${JSON.stringify(last)}\n${this.#daemon?.output()}`);
  }
}

/** A policy that wants an application in a state. */
export function policy(name: string, app: string, ...rules: readonly object[]): object {
  return { kind: 'MeshPolicy', metadata: { name }, spec: { apps: [app], rules } };
}
