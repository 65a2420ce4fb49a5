/** A host in memory for the host daemon: applications that switch at once, and sidecars that upgrade. */
import type { LastUpgrade, LocalApp, LocalHost, LocalSidecar } from '../../src/fleet/host/ports.ts';

/** The host; tests reach behind it. */
export class FakeLocalHost {
  readonly apps = new Map<string, { state: string; reason: string | null; override: LocalApp['override'] }>();
  readonly sidecars = new Map<string, LocalSidecar>();
  /** Every switch and upgrade, in order. */
  readonly calls: string[] = [];
  /** Set: the next calls of this name fail with the text. */
  readonly failures = new Map<string, string>();
  /** What the supervisor's history says; set by tests. */
  last: LastUpgrade | null = null;
  /** Set: an `off` stays between the kernel and the state file until it resolves. */
  halfway: Promise<void> | null = null;
  /** Set: an `off` reaches the kernel when it resolves. */
  slowOff: Promise<void> | null = null;
  /** How often the host was looked at. */
  looks = 0;
  /** Set: a look has read everything, and says it when it resolves. */
  slowLook: Promise<void> | null = null;
  /** Set: an upgrade is carried out when it resolves. */
  slowUpgrade: Promise<void> | null = null;
  #changed: () => void = () => {};

  constructor(apps: readonly string[]) {
    for (const app of apps) this.apps.set(app, { state: 'off', reason: null, override: null });
    this.sidecars.set('main', { name: 'main', state: 'live', version: '1.39.0', brought: null });
  }

  /** Somebody on the host says `weir off` or `weir on`. */
  local(app: string, state: 'on' | 'off', reason: string | null = null): void {
    this.localUnseen(app, state, reason);
    this.#changed();
  }

  /** The same, of which the folders of the host have not told yet. */
  localUnseen(app: string, state: 'on' | 'off', reason: string | null = null): void {
    this.apps.set(app, { state, reason, override: state === 'off' ? { since: null, reason } : null });
  }

  get port(): LocalHost {
    return {
      look: async () => {
        this.looks += 1;
        this.#fail('look');
        const look = {
          apps: [...this.apps].map(([name, app]) => ({ name, since: null, ...app })),
          sidecars: [...this.sidecars.values()],
        };
        await this.slowLook;
        return look;
      },
      on: async (app, policy) => this.#switch(app, 'on', policy),
      off: async (app, policy, direct) => {
        await this.slowOff;
        if (this.halfway !== null) {
          // The kernel knows of a switch first; the state file says a moment later whose it is.
          const reason = 'switched off by an operator';
          this.apps.set(app, { state: 'off', reason, override: { since: null, reason } });
          this.#changed();
          direct();
          await this.halfway;
        }
        this.#switch(app, 'off', policy);
        direct();
      },
      upgrade: async (sidecar, { binary, sha256 }) => {
        this.calls.push(`upgrade ${sidecar} ${binary}`);
        await this.slowUpgrade;
        this.#fail('upgrade');
        const brought = { version: '1.40.0', binarySha256: sha256 };
        this.sidecars.set(sidecar, { name: sidecar, state: 'live', version: '1.40.0', brought });
        return 'settled';
      },
      lastUpgrade: async () => {
        this.#fail('history');
        return this.last;
      },
      rollBack: async (sidecar) => {
        this.calls.push(`rollback ${sidecar}`);
        this.#fail('rollback');
        this.sidecars.set(sidecar, { name: sidecar, state: 'live', version: '1.39.0', brought: null });
        return 'settled';
      },
      watch: (changed) => {
        this.#changed = changed;
      },
    };
  }

  #switch(app: string, state: 'on' | 'off', policy: string): void {
    this.calls.push(`${state} ${app}`);
    this.#fail(state);
    this.apps.set(app, { state, reason: state === 'on' ? null : policy, override: null });
  }

  #fail(name: string): void {
    const text = this.failures.get(name);
    if (text !== undefined) throw new Error(text);
  }
}
