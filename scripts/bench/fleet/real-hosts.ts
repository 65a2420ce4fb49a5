/** Hosts in namespaces, each with an Envoy, the daemon, real rules and an application that sends requests. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { systemClock } from '../../../src/platform/clock.ts';
import { ManyHosts, UPSTREAM_PORT } from '../../../test/e2e/fleet/many-hosts.ts';
import { startEnvoy } from '../../../test/e2e/lab/envoy.ts';
import { LAB_UIDS } from '../../../test/e2e/lab/lab.ts';
import type { LabProcess } from '../../../test/e2e/lab/lab-process.ts';
import { type Load, startLoad } from '../../../test/e2e/lab/traffic.ts';

const READY_MS = 120_000;
/** So many hosts go on at a time: each proves its rules by packets, with dozens of programs. */
const AT_ONCE = 2;

/** The clock tick of /proc/PID/stat, in ms. */
const MS_PER_TICK = 10;
/** So long after the last confirmation everything is tidied up, in ms. */
const TIDY_MS = 3_000;

/** CPU time in ms: of a daemon itself, and of the programs that it started and that have ended. */
export interface DaemonCpu {
  readonly own: number;
  readonly programs: number;
}

/** The hosts, all through their sidecars. */
export class RealHosts {
  readonly #fleet: ManyHosts;
  readonly #loads: Load[] = [];
  readonly #daemons: LabProcess[] = [];

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
            const daemon = host.start('host', 'run');
            self.#daemons.push(daemon);
            await daemon.line(/follows the region/, READY_MS);
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
    const before = this.#cpu();
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
    const confirmed = this.#cpu();
    const reports = await this.#until(({ direct }) => direct > 10);
    await systemClock.sleep(TIDY_MS);
    const settled = this.#cpu();
    return {
      code,
      confirmedMs: json.result?.ms?.confirmed ?? null,
      directMs: reports.map(({ directSince }) => (directSince ?? Number.NaN) - began).sort((a, b) => a - b),
      cpu: { confirmed: spent(before, confirmed), settled: spent(before, settled) },
      failed: reports.flatMap(({ failed }) => Object.values(failed)).reduce((sum, one) => sum + one, 0),
    };
  }

  async close(): Promise<void> {
    await this.#fleet.close();
  }

  /** CPU time of one daemon until now, the mean of all, in ms. */
  #cpu(): DaemonCpu {
    const times = this.#daemons.map(({ pid }) => {
      const text = readFileSync(`/proc/${pid}/stat`, 'utf8');
      const [user = 0, system = 0, ofPrograms = 0, systemOfPrograms = 0] = text
        .slice(text.lastIndexOf(')') + 2)
        .split(' ')
        .slice(11, 15)
        .map(Number);
      return { own: user + system, programs: ofPrograms + systemOfPrograms };
    });
    const mean = (values: readonly number[]) =>
      Math.round((MS_PER_TICK * values.reduce((sum, one) => sum + one, 0)) / values.length);
    return { own: mean(times.map(({ own }) => own)), programs: mean(times.map(({ programs }) => programs)) };
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

function spent(before: DaemonCpu, after: DaemonCpu): DaemonCpu {
  return { own: after.own - before.own, programs: after.programs - before.programs };
}
