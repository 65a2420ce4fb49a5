/** How often the kernel's tables are read for the listeners of a process that keeps its sockets. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { SidecarEvent } from '../../../src/sidecar/machine/sidecar-state.ts';
import { ListenerWatch } from '../../../src/sidecar/supervisor/look-at-listeners.ts';
import type { Supervised } from '../../../src/sidecar/supervisor/supervised.ts';

/** A process with one listener, and looks at it every 400 ms. */
class Looks {
  missing: readonly string[] = [];
  /** What a glance at the descriptors says; null: that cannot be told. */
  hasClosed: boolean | null = false;
  tables = 0;
  nowMs = 0;
  readonly told: SidecarEvent[] = [];
  readonly #watch: ListenerWatch;

  constructor() {
    const sidecar = {
      name: 'main',
      isClosed: false,
      clock: { monotonic: () => this.nowMs },
      machine: { state: { name: 'idle' }, lost: null },
      specs: { of: () => ({}) },
      host: {
        isAlive: async () => true,
        hasClosedListener: () => this.hasClosed,
        lookAtListeners: async () => {
          this.tables += 1;
          return { missing: this.missing, isCurable: false };
        },
      },
      warn: () => {},
      dispatch: (event: SidecarEvent) => this.told.push(event),
    };
    this.#watch = new ListenerWatch(sidecar as unknown as Supervised);
  }

  /** The answers of so many looks. */
  async look(times: number, id = 1): Promise<readonly boolean[]> {
    const answers: boolean[] = [];
    for (let look = 0; look < times; look += 1) {
      answers.push(await this.#watch.look(id));
      this.nowMs += 400;
    }
    return answers;
  }
}

describe('looks at the listeners of a process', () => {
  it('the tables are read every two seconds while a glance shows every socket open', async () => {
    const looks = new Looks();
    assert.deepEqual(await looks.look(10), Array(10).fill(true));
    assert.equal(looks.tables, 2);
  });

  it('a closed socket is looked for in the tables at once, and told after three looks', async () => {
    const looks = new Looks();
    await looks.look(1);
    looks.hasClosed = true;
    looks.missing = ['127.0.0.1:15001'];
    assert.deepEqual(await looks.look(3), [false, false, false]);
    assert.equal(looks.tables, 4);
    assert.deepEqual(
      looks.told.map(({ type }) => type),
      ['listeners'],
    );
  });

  it('an answer that missed something, or another process, is no answer for later', async () => {
    const looks = new Looks();
    looks.missing = ['127.0.0.1:15001'];
    await looks.look(2);
    looks.missing = [];
    await looks.look(1);
    await looks.look(1, 2);
    assert.equal(looks.tables, 4);
  });

  it('where no glance is possible, each look reads the tables', async () => {
    const looks = new Looks();
    looks.hasClosed = null;
    await looks.look(5);
    assert.equal(looks.tables, 5);
  });
});
