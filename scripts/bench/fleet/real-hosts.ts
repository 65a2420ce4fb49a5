/** Hosts in namespaces, each with an Envoy, the daemon, real rules and an application that sends requests. */
import { join } from 'node:path';
import { systemClock } from '../../../src/platform/clock.ts';
import { ManyHosts, UPSTREAM_PORT } from '../../../test/e2e/fleet/many-hosts.ts';
import { startEnvoy } from '../../../test/e2e/lab/envoy.ts';
import { LAB_UIDS } from '../../../test/e2e/lab/lab.ts';
import { type Load, startLoad } from '../../../test/e2e/lab/traffic.ts';

const READY_MS = 120_000;
/** So many hosts go on at a time: each proves its rules by packets, with dozens of programs. */
const AT_ONCE = 2;

/** The hosts, all through their sidecars. */
export class RealHosts {
  readonly #fleet: ManyHosts;
  readonly #loads: Load[] = [];

  private constructor(fleet: ManyHosts) {
    this.#fleet = fleet;
  }

  /** Starts the hosts and waits until the packets of each go through its sidecar. */
  static async open(count: number): Promise<RealHosts> {
    const fleet = await ManyHosts.open('bench');
    const self = new RealHosts(fleet);
    try {
      const proxyFolder = `envoy-${LAB_UIDS.sidecar}-15001`;
      for (let index = 0; index < count; index += 1) {
        await fleet.addHost({ unit: `u${index % 4}` }, (folder) => ({
          admin: `unix:${join(folder, proxyFolder, 'admin.sock')}`,
        }));
      }
      const policy = { apps: ['payment'], rules: [{ state: 'on' }] };
      const object = { apiVersion: 'weir.dev/v1', kind: 'MeshPolicy', metadata: { name: 'payment' }, spec: policy };
      await self.#do('apply', fleet.file('policy.yaml', object));
      for (let at = 0; at < count; at += AT_ONCE) {
        await Promise.all(
          fleet.hosts.slice(at, at + AT_ONCE).map(async (host) => {
            await startEnvoy(host.lab, { ipv6: false });
            await host.start('host', 'run').line(/follows the region/, READY_MS);
          }),
        );
        await self.#do('status', '--wait', '--timeout', '300s');
      }
      for (const host of fleet.hosts) {
        const target = { host: host.upstream, port: UPSTREAM_PORT, ratePerSecond: 5, seconds: 900 };
        self.#loads.push(await startLoad(host.lab, { ...target, uid: host.uid }));
      }
      await self.#until(({ proxy, direct }) => proxy > 10 && direct === 0);
      return self;
    } catch (error) {
      await fleet.close();
      throw error;
    }
  }

  /** Presses the red button; resolves once the packets of every host go direct. */
  async press() {
    const began = Date.now();
    const { code, json } = await this.#fleet.station(
      'fleet',
      'off',
      '--all',
      '--wait',
      '--timeout',
      '60s',
      '--reason',
      'bench',
    );
    const reports = await this.#until(({ direct }) => direct > 10);
    return {
      code,
      confirmedMs: json.result?.ms?.confirmed ?? null,
      directMs: reports.map(({ directSince }) => (directSince ?? Number.NaN) - began).sort((a, b) => a - b),
      failed: reports.flatMap(({ failed }) => Object.values(failed)).reduce((sum, one) => sum + one, 0),
    };
  }

  async close(): Promise<void> {
    await this.#fleet.close();
  }

  async #do(...args: readonly string[]): Promise<void> {
    const { code, json } = await this.#fleet.station('fleet', ...args);
    if (code !== 0) throw new Error(`weir fleet ${args.join(' ')}: ${JSON.stringify(json)}`);
  }

  async #until(isWanted: (report: Awaited<ReturnType<Load['report']>>) => boolean) {
    const end = Date.now() + READY_MS;
    for (;;) {
      const reports = await Promise.all(this.#loads.map((load) => load.report()));
      if (reports.every(isWanted)) return reports;
      if (Date.now() > end) throw new Error(`not every host came so far: ${JSON.stringify(reports)}`);
      await systemClock.sleep(500);
    }
  }
}
