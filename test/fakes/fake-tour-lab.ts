/** The lab of the tour in memory: diversion by application, an Envoy that can die, and a clock that never waits. */
import type { Clock } from '../../src/platform/clock.ts';
import type { TourAnswer, TourApp, TourLab, TourStream, WeirRun } from '../../src/tour/tour-lab.ts';

/** One thing that goes wrong in a lab. */
export type TourFault =
  | 'foreign diversion'
  | 'no access log'
  | 'leak under load'
  | 'broken stream'
  | 'confirm never ends'
  | 'panic fails'
  | 'rules left over'
  | 'unproven rule'
  | 'weir refuses';

const RULE = { id: 'r1', line: 3, verdict: 'proved', fidelity: 'exact', state: 'converted' };
const side = (epoch: number, version: string) => ({ epoch, version, binarySha256: null, bootstrapSha256: 'a' });
const UPGRADE = {
  ...{ id: '1', at: '2026-01-01T00:00:00.000Z', outcome: 'settled', reason: 'the old process has ended' },
  ...{ dryRun: false, served: true, actor: null, note: null, drainedAtMs: 2000, notices: [], warnings: [] },
  from: side(0, '1.39.3'),
  to: side(1, '1.40.0'),
  states: [{ state: 'SETTLED', atMs: 2450 }],
  connections: { drained: 20, cut: 0 },
  requests: { cut: 0 },
};

/** A lab in which every step of the tour comes out as promised, but for one fault. */
export class FakeTourLab implements TourLab {
  readonly envoyVersion = '1.40.0';
  readonly upgradeArguments = ['sidecar', 'upgrade', 'main'];
  /** The command lines of weir, in their order. */
  readonly commands: string[] = [];
  readonly clock: Clock;
  readonly #fault: TourFault | null;
  #nowMs = 0;
  #isEnvoyAlive = true;
  #logged = 0;
  #isTouched = false;
  /** By application that is on, when its diversion ends by itself. */
  readonly #on = new Map<string, number>();

  constructor(fault: TourFault | null = null) {
    this.#fault = fault;
    this.clock = {
      now: () => this.#nowMs,
      monotonic: () => this.#nowMs,
      sleep: async (ms) => {
        this.#nowMs += ms;
      },
    };
  }

  async weir(args: readonly string[]): Promise<WeirRun> {
    const command = `weir ${args.join(' ')}`;
    this.commands.push(command);
    const isRefused = this.#fault === 'weir refuses';
    const error = isRefused ? 'not as root' : null;
    const result = isRefused ? {} : this.#resultOf(args);
    return { command, exit: isRefused ? 3 : 0, ms: 12, result, warnings: [], error };
  }

  #resultOf([verb = '', app = '', ...rest]: readonly string[]): Record<string, unknown> {
    this.#isTouched = true;
    if (verb === 'on') {
      const endsAt = rest.includes('--confirm') && this.#fault !== 'confirm never ends' ? this.#nowMs + 3000 : Infinity;
      this.#on.set(app, endsAt);
      return { apps: [{ name: app, proof: { ipv4: 'proxied', ipv6: 'proxied' } }], ms: { apply: 1.5 } };
    }
    if (verb === 'off') {
      this.#on.delete(app);
      return { apps: [{ name: app, connections: { proxied: 1 } }], ms: { apply: 1.5 } };
    }
    if (verb === 'status')
      return { apps: [{ name: 'payment', state: this.#isOn('payment') ? 'on' : 'off', reason: 'unconfirmed' }] };
    if (verb === 'uninstall') {
      this.#on.clear();
      this.#isTouched = this.#fault === 'rules left over';
      return {};
    }
    if (verb === 'sidecar') return UPGRADE;
    const rules = [
      RULE,
      { ...RULE, id: 'r2', verdict: this.#fault === 'unproven rule' ? 'differs' : 'proved' },
      { ...RULE, id: 'r3', verdict: 'differs', state: 'none' },
    ];
    const outputs = ['a.plan.json', 'a.labels.json', 'a.dubbo-mesh.yaml'];
    return { scripts: [{ rules, outputs, comparedCalls: 8 }], disagreements: 0 };
  }

  #isOn(app: string): boolean {
    return (this.#on.get(app) ?? -1) > this.#nowMs;
  }

  async request(app: TourApp): Promise<TourAnswer> {
    const viaEnvoy = this.#isOn(app) || (this.#fault === 'foreign diversion' && app === 'report');
    if (viaEnvoy && !this.#isEnvoyAlive) return { ok: false, viaEnvoy, ms: 1, detail: 'refused' };
    if (viaEnvoy && this.#fault !== 'no access log') this.#logged += 1;
    return { ok: true, viaEnvoy, ms: 1, detail: '' };
  }

  async openStream(): Promise<TourStream> {
    const gaps = this.#fault === 'broken stream' ? 1 : 0;
    return { state: async () => ({ received: 10, gaps, ended: null }), close: async () => {} };
  }

  async startLoad(app: TourApp) {
    const direct = this.#fault === 'leak under load' || !this.#isOn(app) ? 1 : 0;
    return { stop: async () => ({ sent: 50, viaEnvoy: 50 - direct, direct, failed: 0 }) };
  }

  async startNumberedLoad() {
    return { stop: async () => ({ sent: 30, viaEnvoy: 30, lost: 0, doubled: 0, errors: [] }) };
  }

  async panic() {
    if (this.#fault !== 'panic fails') this.#on.clear();
    return { command: 'sh off.sh payment', ms: 8, exit: this.#fault === 'panic fails' ? 1 : 0 };
  }

  async accessLogLines(): Promise<number> {
    return this.#logged;
  }

  async startEnvoy(): Promise<void> {
    this.#isEnvoyAlive = true;
  }

  async superviseEnvoy() {
    await this.startEnvoy();
    return { command: 'weir sidecar run main', live: true };
  }

  async killEnvoy(): Promise<void> {
    this.#isEnvoyAlive = false;
  }

  async killWeir(): Promise<number> {
    return 0;
  }

  async firewallListing(): Promise<string> {
    return this.#isTouched ? 'somebody\nweir' : 'somebody';
  }

  async addForeignRules(): Promise<void> {}

  async close(): Promise<void> {}
}
