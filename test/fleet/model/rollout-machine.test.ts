/** The waves of a release, explored. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { SidecarRelease } from '../../../src/fleet/model/object-schemas.ts';
import { OBJECT_SCHEMAS } from '../../../src/fleet/model/object-schemas.ts';
import type { Rollout } from '../../../src/fleet/model/records.ts';
import type { FleetHost } from '../../../src/fleet/model/region-view.ts';
import {
  type GateAnswer,
  gatesToAsk,
  stepRollout,
  waveHosts,
  waveOf,
} from '../../../src/fleet/model/rollout-machine.ts';
import { WaveWatch } from '../../../src/fleet/operator/wave-watch.ts';
import { GATE_SEED, randomStream } from '../../seed.ts';

type Progress = 'done' | 'failed' | 'pending' | 'silent';

const START = Date.parse('2030-01-01T00:00:00Z');

function release(spec: Partial<Record<keyof SidecarRelease['spec'], unknown>> = {}): SidecarRelease {
  return OBJECT_SCHEMAS.SidecarRelease.parse({
    ...{ apiVersion: 'weir.dev/v1', kind: 'SidecarRelease', metadata: { name: 'r1' } },
    spec: {
      sidecar: 'main',
      version: { name: '1.40.0', binary: '/opt/envoy', sha256: 'ab'.repeat(32) },
      waves: [{ labels: { wave: 'a' } }, { percent: 50 }, { percent: 100 }],
      gates: [{ type: 'hosts', maxFailed: 0 }],
      timeout: '10m',
      ...spec,
    },
  });
}

function host(name: string, progress: Progress, labels: Record<string, string> = {}): FleetHost {
  const sidecar = { name: 'main', state: 'live', version: null, wave: null };
  const moved = {
    done: { release: 'r1', outcome: 'settled', error: null },
    failed: { release: 'r1', outcome: null, error: 'no good' },
    pending: { release: null, outcome: null, error: null },
    silent: null,
  }[progress];
  const status = { at: '', weir: '', seen: null, held: null, overrides: [], apps: [], errors: [] };
  const sidecars = moved === null ? [] : [{ ...sidecar, ...moved }];
  return {
    ...{ key: name, name, twins: [] },
    labels,
    apps: [],
    record: null,
    damaged: null,
    status: moved === null ? null : { ...status, sidecars },
  };
}

const started = (more: Partial<Rollout> = {}): Rollout => ({
  ...{ release: 'r1', region: 'east', state: 'running', wave: 0, reason: null },
  ...{ startedAt: new Date(START).toISOString(), since: new Date(START).toISOString(), ...more },
});

/** The leader has only just seen the record. */
const NOW = { waveMs: 0, heldMs: 0 };

test('each host belongs to the first wave that selects it, counted from 1', () => {
  const object = release();
  assert.equal(waveOf(object, { name: 'x', labels: { wave: 'a' } }), 1);
  const names = Array.from({ length: 200 }, (_, index) => `h${index}`);
  const second = names.filter((name) => waveOf(object, { name, labels: {} }) === 2);
  const third = names.filter((name) => waveOf(object, { name, labels: {} }) === 3);
  assert.equal(second.length + third.length, 200);
  assert.ok(second.length > 70 && third.length > 70);
});

test('a wave ends when its hosts are through and its gates hold; a silent or pending host is waited for', () => {
  const object = release();
  const step = (rollout: Rollout, ...hosts: FleetHost[]) =>
    stepRollout(rollout, object, waveHosts(object, hosts), new Map(), START, NOW);
  assert.equal(step(started(), host('a', 'pending', { wave: 'a' }))?.next.wave, 1);
  const first = started({ wave: 1 });
  assert.equal(step(first, host('a', 'pending', { wave: 'a' })), null);
  assert.equal(step(first, host('a', 'silent', { wave: 'a' })), null);
  assert.deepEqual(step(first, host('a', 'done', { wave: 'a' }))?.verb, 'wave');
  assert.equal(step(started({ wave: 3 }), host('a', 'done', { wave: 'a' }))?.verb, 'done');
});

test('a failure stops it at once, with the host and its error; promote skips that', () => {
  const object = release();
  const hosts = [host('a', 'failed', { wave: 'a' }), host('b', 'pending', { wave: 'a' })];
  const step = stepRollout(started({ wave: 1 }), object, waveHosts(object, hosts), new Map(), START, NOW);
  assert.deepEqual([step?.verb, step?.next.state], ['stopped', 'stopped']);
  assert.match(step?.next.reason ?? '', /gate hosts: 1 of 2 failed, 0 may: a: no good/);
  const skipped = stepRollout(
    started({ wave: 1, skipGates: 1 }),
    object,
    waveHosts(object, hosts),
    new Map(),
    START,
    NOW,
  );
  assert.deepEqual([skipped?.verb, skipped?.next.wave], ['wave', 2]);
  const share = release({ gates: [{ type: 'hosts', maxFailed: '50%' }] });
  assert.equal(stepRollout(started({ wave: 1 }), share, waveHosts(share, hosts), new Map(), START, NOW), null);
});

test('a wave that takes too long stops with the hosts that are missing', () => {
  const object = release();
  const waves = waveHosts(object, [host('a', 'silent', { wave: 'a' }), host('b', 'done', { wave: 'a' })]);
  const late = stepRollout(started({ wave: 1 }), object, waves, new Map(), START, { waveMs: 600_001, heldMs: 0 });
  assert.match(late?.next.reason ?? '', /timeout: wave 1 is not through: a \(silent\)/);
});

test('no answer of Prometheus waits, a bad value stops, a good one has to hold for its time', () => {
  const object = release({ gates: [{ type: 'prometheus', url: 'http://p:9090', query: 'q', max: 0.01, for: '60s' }] });
  const waves = waveHosts(object, [host('a', 'done', { wave: 'a' })]);
  const first = started({ wave: 1 });
  const [gate] = gatesToAsk(first, object, waves);
  assert.ok(gate !== undefined);
  const step = (rollout: Rollout, answer: GateAnswer, at: number) =>
    stepRollout(rollout, object, waves, new Map([[gate, answer]]), START, { waveMs: at - START, heldMs: at - START });
  assert.equal(step(first, { value: null, why: 'down' }, START), null);
  assert.match(
    step(first, { value: null, why: 'down' }, START + 600_001)?.next.reason ?? '',
    /timeout: gate q: no answer \(down\)/,
  );
  assert.equal(step(first, { value: 0.5, why: null }, START)?.verb, 'stopped');
  const holding = step(first, { value: 0, why: null }, START);
  assert.deepEqual([holding?.verb, holding?.next.state], [null, 'running']);
  assert.ok(holding !== null);
  assert.equal(step(holding.next, { value: 0, why: null }, START + 59_000), null);
  assert.equal(step(holding.next, { value: 0, why: null }, START + 60_000)?.verb, 'wave');
  const lost = step(holding.next, { value: null, why: 'down' }, START + 30_000);
  assert.equal(lost?.next.heldSince, null, 'the time starts anew');
});

test('times of a record that another clock wrote neither end a wave nor a gate', () => {
  const object = release({ gates: [{ type: 'prometheus', url: 'http://p:9090', query: 'q', max: 0.01, for: '60s' }] });
  const pending = waveHosts(object, [host('a', 'pending', { wave: 'a' })]);
  const done = waveHosts(object, [host('a', 'done', { wave: 'a' })]);
  const old = new Date(START - 3_600_000).toISOString();
  const rollout = started({ wave: 1, since: old, heldSince: old });
  const answers = new Map(gatesToAsk(rollout, object, done).map((gate) => [gate, { value: 0, why: null }]));
  assert.equal(stepRollout(rollout, object, pending, new Map(), START, NOW), null);
  assert.equal(stepRollout(rollout, object, done, answers, START, NOW), null);
  assert.equal(stepRollout(rollout, object, done, answers, START, { waveMs: 1, heldMs: 60_000 })?.verb, 'wave');
  let clock = 0;
  const watch = new WaveWatch(() => clock);
  assert.deepEqual(watch.times(rollout), { waveMs: 0, heldMs: 0 });
  clock = 30_000;
  assert.deepEqual(watch.times({ ...rollout, allowed: [] }), { waveMs: 30_000, heldMs: 30_000 });
  watch.looksAway();
  assert.deepEqual(watch.times(rollout), { waveMs: 30_000, heldMs: 0 }, 'nobody asked the gate meanwhile');
  clock = 40_000;
  assert.deepEqual(watch.times({ ...rollout, heldSince: null }), { waveMs: 40_000, heldMs: 0 });
  assert.deepEqual(watch.times({ ...rollout, since: null as never }), { waveMs: 0, heldMs: 0 });
});

test('an undo is over when each host has said that it left the release: a silent or upgrading one is waited for', () => {
  const object = release();
  const undoing = started({ wave: 1, state: 'undoing' });
  const step = (hosts: FleetHost[], rollout = undoing) =>
    stepRollout(rollout, object, waveHosts(object, hosts), new Map(), START, NOW);
  const left = host('a', 'pending', { wave: 'a' });
  assert.equal(step([left])?.verb, 'undone');
  assert.equal(step([left, host('b', 'done', { wave: 'a' })]), null);
  const silent = step([left, host('b', 'silent', { wave: 'a' })]);
  assert.deepEqual([silent?.verb, silent?.next.state], [null, 'undoing']);
  assert.match(silent?.next.reason ?? '', /do not speak: b/);
  const busy = host('b', 'done', { wave: 'a' });
  const [sidecar] = busy.status?.sidecars ?? [];
  assert.ok(sidecar !== undefined);
  sidecar.outcome = null;
  assert.equal(step([left, busy]), null);
  assert.equal(step([left, host('z', 'silent')])?.verb, 'undone', 'its wave was never reached');
});

test('whatever hosts do: no wave before its turn, no more at once than the budget, and it ends', () => {
  const next = randomStream(GATE_SEED);
  for (let round = 0; round < 200; round += 1) {
    const limit = 1 + Math.floor(next() * 4);
    const maxFailed = Math.floor(next() * 3);
    const object = release({ budget: { maxUnavailable: limit }, gates: [{ type: 'hosts', maxFailed }] });
    const names = Array.from({ length: 12 }, (_, index) => ({
      name: `h${round}-${index}`,
      labels: index < 2 ? { wave: 'a' } : {},
    }));
    const progress = new Map<string, Progress>(names.map(({ name }) => [name, 'pending']));
    let rollout: Rollout = started({ allowed: [] });
    for (let tick = 0; tick < 400 && rollout.state === 'running'; tick += 1) {
      for (const one of names) {
        const wave = waveOf(object, one) ?? 99;
        const may = wave <= rollout.wave && (rollout.allowed ?? []).includes(one.name);
        if (may && progress.get(one.name) === 'pending' && next() < 0.4)
          progress.set(one.name, next() < 0.1 ? 'failed' : 'done');
      }
      const hosts = names.map(({ name, labels }) => host(name, progress.get(name) ?? 'pending', labels));
      const step = stepRollout(rollout, object, waveHosts(object, hosts), new Map(), START + tick, NOW);
      if (step === null) continue;
      const moving = (step.next.allowed ?? []).filter((name) => progress.get(name) === 'pending');
      assert.ok(moving.length <= limit, `seed ${GATE_SEED}: ${moving.length} move, ${limit} may`);
      assert.ok(step.next.wave - rollout.wave <= 1 && step.next.wave >= rollout.wave, `seed ${GATE_SEED}`);
      if (step.next.wave > rollout.wave) {
        const before = names.filter((one) => (waveOf(object, one) ?? 99) <= rollout.wave);
        assert.ok(
          before.every(({ name }) => progress.get(name) !== 'pending'),
          `seed ${GATE_SEED}: wave ${step.next.wave} came too early`,
        );
      }
      rollout = step.next;
    }
    const failed = [...progress.values()].filter((one) => one === 'failed').length;
    assert.equal(rollout.state, failed > maxFailed ? 'stopped' : 'done', `seed ${GATE_SEED}, round ${round}`);
  }
});
