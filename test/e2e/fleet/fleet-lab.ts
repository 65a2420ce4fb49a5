/** A real etcd and hosts with real rules, for tests of the fleet. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { until } from '../../until.ts';
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
        regions: { [region]: { etcd: { endpoints: [LAB_ETCD], timeout: '10s' } } },
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

  async killStore(): Promise<string> {
    this.#etcd?.kill();
    await this.#etcd?.ended;
    return this.#folder;
  }

  /** Starts `weir host run` and waits until it follows the store. */
  async startHost(...flags: readonly string[]): Promise<LabProcess> {
    const daemon = this.stage.weir.start(['host', 'run', '--fleet-config', this.config, ...flags]);
    this.#daemon ??= daemon;
    await daemon.line(/follows the region/);
    return daemon;
  }

  /** Ends the first daemon that was started, without a word. */
  async killHost(): Promise<void> {
    this.#daemon?.kill();
    await this.#daemon?.ended;
    this.#daemon = null;
  }

  /** Waits until the host itself says that an application is in a state. */
  async stateWhen(app: string, state: string, seconds = 60): Promise<void> {
    let last: unknown;
    const look = async () => {
      const { json } = await this.stage.weir.json(['status', app]);
      last = json;
      return json.result?.apps[0]?.state === state;
    };
    const tell = () => `${JSON.stringify(last)}\n${this.#daemon?.output()}`;
    await until(`${app} to be ${state}`, look, { patienceMs: seconds * 1000, tell });
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
  async hostWhen(what: string, wanted: (host: any) => boolean, seconds = 60, named = HOST): Promise<any> {
    let last: unknown;
    const look = async () => {
      const { json } = await this.fleet('status');
      const host = json.result?.regions[0]?.hosts?.find(({ name }: { name: string }) => name === named);
      last = host ?? json;
      return host !== undefined && wanted(host) ? host : null;
    };
    return until(what, look, {
      patienceMs: seconds * 1000,
      tell: () => `${JSON.stringify(last)}\n${this.#daemon?.output()}`,
    });
  }
}

/** A policy that wants an application in a state. */
export function policy(name: string, app: string, ...rules: readonly object[]): object {
  return { kind: 'MeshPolicy', metadata: { name }, spec: { apps: [app], rules } };
}
