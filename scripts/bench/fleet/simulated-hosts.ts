/** Hosts that follow a real store by the real daemon; only the switch itself is a stand-in. */
import { HostDaemon } from '../../../src/fleet/host/host-daemon.ts';
import type { LocalHost } from '../../../src/fleet/host/ports.ts';
import { RegionKeys } from '../../../src/fleet/model/keys.ts';
import type { FleetStore } from '../../../src/fleet/ports.ts';
import { systemClock } from '../../../src/platform/clock.ts';

/** The hosts. */
export class SimulatedHosts {
  /** When each host was last sent direct, by `performance.now()`. */
  readonly directAt = new Map<string, number>();
  readonly upgraded = new Map<string, string>();
  readonly #stop = new AbortController();
  readonly #running: Promise<void>[] = [];

  /** Starts `count` hosts; `fails` names those whose upgrade fails. Resolves when each has said how it is. */
  static async start(
    store: () => FleetStore,
    count: number,
    fails: (index: number) => boolean = () => false,
  ): Promise<SimulatedHosts> {
    const self = new SimulatedHosts();
    const keys = new RegionKeys('east');
    for (let index = 0; index < count; index += 1) {
      const name = `host-${String(index).padStart(5, '0')}`;
      const daemon = new HostDaemon({
        ...{ name, region: 'east', labels: { unit: `u${index % 4}` }, ttlMs: 60_000, weirVersion: '0.1.0', keys },
        ...{ store: store(), local: self.#local(name, fails(index)), clock: systemClock, random: Math.random },
        pod: null,
        identity: { machine: name, boot: null, instance: name, session: name },
        ...{ recall: async () => null, remember: async () => {}, tell: () => {}, warn: () => {} },
      });
      self.#running.push(daemon.run(self.#stop.signal));
      // All at once would be a thousand connections in one moment.
      if (index % 50 === 49) await systemClock.sleep(200);
    }
    for (let tries = 0; tries < 100; tries += 1) {
      // A thousand hosts that begin keep a small machine busy: an answer that is late is asked for again.
      const seen = await store()
        .list([keys.hostStatuses])
        .then(
          ({ items }) => items.length,
          () => 0,
        );
      if (seen >= count) return self;
      await systemClock.sleep(1_000);
    }
    await self.stop();
    throw new Error(`not all of ${count} hosts have said how they are`);
  }

  async stop(): Promise<void> {
    this.#stop.abort();
    await Promise.allSettled(this.#running);
  }

  #local(name: string, fails: boolean): LocalHost {
    const app = { name: 'payment', state: 'off', reason: null as string | null, since: null, override: null };
    let version = '1.39.3';
    return {
      look: async () => ({ apps: [{ ...app }], sidecars: [{ name: 'main', state: 'live', version, brought: null }] }),
      on: async () => {
        app.state = 'on';
      },
      off: async (_app, reason, direct) => {
        Object.assign(app, { state: 'off', reason });
        this.directAt.set(name, performance.now());
        direct();
      },
      upgrade: async () => {
        await systemClock.sleep(200);
        if (fails) throw new Error('the new version never became ready');
        version = '1.40.0';
        this.upgraded.set(name, version);
        return 'settled';
      },
      rollBack: async () => {
        version = '1.39.3';
        this.upgraded.set(name, version);
        return 'settled';
      },
      lastUpgrade: async () => null,
      watch: () => {},
    };
  }
}
