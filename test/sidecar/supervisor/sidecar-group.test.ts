/** Several sidecars under one process: failures, reloads and stops in any order. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { WeirError } from '../../../src/errors/weir-error.ts';
import { type GroupNews, SidecarGroup } from '../../../src/sidecar/supervisor/sidecar-group.ts';
import type { SignalRelay } from '../../../src/sidecar/supervisor/signal-relay.ts';
import type { SupervisedSidecar } from '../../../src/sidecar/usecases/supervised-sidecar.ts';
import { FakeClock } from '../../fakes/fake-clock.ts';
import { FAKE_SPEC } from '../../fakes/fake-sidecar-lab.ts';

const SEED = Number(process.env.SEED ?? 20_261_128);

function sidecar(name: string, binary = FAKE_SPEC.binary): SupervisedSidecar {
  return { spec: { ...FAKE_SPEC, name, binary }, apps: [] };
}

const bad = () => new WeirError('WEIR4014', { what: 'it cannot be started', why: 'bad', hint: 'mend it' });
const held = () => new WeirError('WEIR4001', { what: 'another supervisor', why: 'held', hint: 'stop it' });

/** A group whose supervisors are fakes that run until they are told to stop. */
class Stage {
  readonly clock = new FakeClock();
  /** mesh.yaml; null cannot be read. */
  mesh: readonly SupervisedSidecar[] | null;
  /** Why a sidecar cannot be started. */
  readonly broken = new Map<string, () => Error>();
  readonly running = new Map<string, { stop(): void; upgrades: number; reopened: number }>();
  readonly standIns = new Map<string, () => void>();
  readonly news: string[] = [];
  readonly warnings: string[] = [];
  readonly pauses: number[] = [];
  /** How long a drain takes. */
  drainMs = 0;
  most = 0;
  readonly group = new SidecarGroup({
    clock: this.clock,
    read: async () => {
      if (this.mesh === null) throw new Error('mesh.yaml:3:1: no such key');
      return this.mesh;
    },
    supervise: (one, signals, up) => this.#supervise(one.spec.name, signals, up),
    standIn: async (one, { retryMs }, stop) => {
      this.pauses.push(retryMs);
      this.standIns.set(one.spec.name, stop);
      return async () => void this.standIns.delete(one.spec.name);
    },
    tell: (name: string, { news }: GroupNews) => void this.news.push(`${name} ${news}`),
    warn: (text) => void this.warnings.push(text),
  });
  ended: 'no' | 'yes' | Error = 'no';

  constructor(...names: readonly string[]) {
    this.mesh = names.map((name) => sidecar(name));
  }

  begin(): void {
    this.group.run(this.mesh ?? []).then(
      () => {
        this.ended = 'yes';
      },
      (error: Error) => {
        this.ended = error;
      },
    );
  }

  until(what: string, test: () => boolean): Promise<void> {
    return this.clock.until(what, test);
  }

  async #supervise(name: string, signals: SignalRelay, up: () => void): Promise<void> {
    await this.clock.sleep(10);
    const why = this.broken.get(name);
    if (why !== undefined) throw why();
    assert.ok(!this.running.has(name), `two supervisors of ${name}`);
    const end = Promise.withResolvers<void>();
    const run = { stop: () => end.resolve(), upgrades: 0, reopened: 0 };
    this.running.set(name, run);
    const forget = signals.on({
      upgrade: () => {
        run.upgrades += 1;
      },
      reopen: () => {
        run.reopened += 1;
      },
      stop: () => end.resolve(),
    });
    if (signals.isToldToStop) end.resolve();
    up();
    await end.promise;
    await this.clock.sleep(this.drainMs);
    forget();
    this.running.delete(name);
  }
}

const names = (stage: Stage) => [...stage.running.keys()].sort().join(' ');

test('one that cannot be started leaves the others, is tried again later and later, and comes when it can', async () => {
  const stage = new Stage('a', 'b');
  stage.broken.set('b', bad);
  stage.begin();
  await stage.until('four tries', () => stage.pauses.length === 4);
  assert.deepEqual([names(stage), stage.pauses], ['a', [1000, 2000, 4000, 8000]]);
  assert.ok(stage.standIns.has('b'), 'somebody answers for it');
  stage.broken.delete('b');
  await stage.until('b', () => stage.running.has('b'));
  assert.equal(stage.standIns.size, 0);
  assert.equal(stage.ended, 'no');
});

test('none that can be started ends the group with the first cause, and nothing runs', async () => {
  const stage = new Stage('a', 'b');
  stage.broken.set('a', bad).set('b', held);
  stage.begin();
  await stage.until('the end', () => stage.ended !== 'no');
  assert.equal((stage.ended as WeirError).code, 'WEIR4014');
  assert.deepEqual([names(stage), stage.standIns.size], ['', 0]);
});

test('one that another supervisor holds is left to it until a reload', async () => {
  const stage = new Stage('a', 'b');
  stage.broken.set('b', held);
  stage.begin();
  await stage.until('a', () => stage.running.has('a'));
  await stage.clock.pass(300_000);
  assert.deepEqual([names(stage), stage.pauses, stage.news], ['a', [], ['b refused']]);
  stage.broken.delete('b');
  await stage.group.reload();
  await stage.until('b', () => stage.running.has('b'));
});

test('a reload begins what is new, stops what is gone, and upgrades the rest', async () => {
  const stage = new Stage('a', 'b');
  stage.begin();
  await stage.until('both', () => names(stage) === 'a b');
  stage.mesh = [sidecar('a', '/opt/envoy/1.40.0'), sidecar('c')];
  await stage.group.reload();
  await stage.until('the change', () => names(stage) === 'a c');
  assert.deepEqual([stage.running.get('a')?.upgrades, stage.running.get('c')?.upgrades], [1, 0]);
  assert.deepEqual(stage.news, ['b removed', 'b ended']);
});

test('one that is named again while it drains begins anew after that', async () => {
  const stage = new Stage('a', 'b');
  stage.drainMs = 15_000;
  stage.begin();
  await stage.until('both', () => names(stage) === 'a b');
  stage.mesh = [sidecar('a')];
  await stage.group.reload();
  stage.mesh = [sidecar('a'), sidecar('b')];
  await stage.group.reload();
  await stage.until('the end of b', () => stage.news.includes('b ended'));
  await stage.until('b again', () => names(stage) === 'a b');
});

test('a mesh.yaml that cannot be read changes nothing, and is named', async () => {
  const stage = new Stage('a', 'b');
  stage.begin();
  await stage.until('both', () => names(stage) === 'a b');
  stage.mesh = null;
  await stage.group.reload();
  await stage.clock.pass(60_000);
  assert.equal(names(stage), 'a b');
  assert.match(stage.warnings.join(), /mesh\.yaml:3:1/);
});

test('one that an operator stops is over, the rest goes on, and a reload brings it back; the last one ends the group', async () => {
  const stage = new Stage('a', 'b');
  stage.begin();
  await stage.until('both', () => names(stage) === 'a b');
  stage.running.get('a')?.stop();
  await stage.until('the end of a', () => names(stage) === 'b');
  await stage.group.reload();
  await stage.until('a again', () => names(stage) === 'a b');
  for (const { stop } of [...stage.running.values()]) stop();
  await stage.until('the end', () => stage.ended !== 'no');
  assert.equal(stage.ended, 'yes');
});

test('an operator can stop one that cannot be started', async () => {
  const stage = new Stage('a', 'b');
  stage.broken.set('b', bad);
  stage.begin();
  await stage.until('the stand-in', () => stage.standIns.has('b'));
  stage.standIns.get('b')?.();
  await stage.until('its end', () => stage.news.includes('b ended'));
  await stage.clock.pass(300_000);
  assert.equal(stage.pauses.length, 1);
  stage.group.stop();
  await stage.until('the end', () => stage.ended === 'yes');
});

test('in any order of faults, reloads and stops there is one supervisor at most for each, and all end', async (t) => {
  t.diagnostic(`seed ${SEED}`);
  let random = SEED;
  const roll = (sides: number) => {
    random = (Math.imul(random, 1_103_515_245) + 12_345) & 0x7fffffff;
    return (random >>> 8) % sides;
  };
  for (let round = 0; round < 60; round++) {
    const all = ['a', 'b', 'c', 'd'];
    const stage = new Stage(...all.slice(0, 1 + roll(4)));
    stage.drainMs = roll(3) * 4000;
    stage.begin();
    for (let step = 0; step < 15; step++) {
      const name = all[roll(4)] ?? 'a';
      const acts = [
        () => void stage.broken.set(name, roll(2) === 0 ? bad : held),
        () => void stage.broken.delete(name),
        () => {
          stage.mesh = all.filter(() => roll(3) > 0).map((one) => sidecar(one));
        },
        () => void stage.group.reload(),
        () => void stage.group.reload(),
        () => stage.running.get(name)?.stop(),
        () => stage.standIns.get(name)?.(),
        () => stage.group.reopen(),
      ];
      acts[roll(acts.length)]?.();
      await stage.clock.pass(roll(5) * 1000);
    }
    // What an operator has stopped is over only after its drain.
    await stage.clock.pass(20_000);
    if (stage.ended === 'no') {
      stage.broken.clear();
      await stage.group.reload();
      await stage.clock.pass(120_000);
      // Ended meanwhile: the last one was stopped.
      if (stage.ended === 'no') {
        const wanted = (stage.mesh ?? []).map(({ spec }) => spec.name).sort();
        assert.equal(names(stage), wanted.join(' '), `round ${round}`);
      }
      stage.group.stop();
      await stage.until(`the end of round ${round}`, () => stage.ended !== 'no');
    }
    assert.deepEqual([names(stage), stage.standIns.size], ['', 0], `round ${round}`);
  }
});
