/** Every order of steps of the leader, moves of hosts, answers of gates, and verbs of an operator, for a small fleet. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { OBJECT_SCHEMAS, type ReleaseGate, type SidecarRelease } from '../../../src/fleet/model/object-schemas.ts';
import type { Rollout } from '../../../src/fleet/model/records.ts';
import type { FleetHost } from '../../../src/fleet/model/region-view.ts';
import {
  type GateAnswer,
  gatesToAsk,
  type RolloutTimes,
  stepRollout,
  waveHosts,
  waveOf,
} from '../../../src/fleet/model/rollout-machine.ts';
import { FITTING, nextRecord, ROLLOUT_VERBS } from '../../../src/fleet/usecases/control-rollout.ts';

const NOW = Date.parse('2030-01-01T00:00:00Z');
const LONG_AGO = NOW - 3_600_000;
/** Two starts that follow each other in turn: what was done for the other one is over. */
const STARTS = [new Date(NOW).toISOString(), new Date(NOW + 1).toISOString()] as const;
/** One host in the first wave, one in the second. */
const HOSTS = [
  { name: 'h1', labels: { wave: 'a' } },
  { name: 'h2', labels: {} },
] as const;

/** A host: whether it speaks, how it stands with the release, and for which start. */
interface HostNow {
  readonly speaks: boolean;
  readonly move: 'none' | 'moving' | 'done' | 'failed';
  readonly startedAt: string | null;
}

/** Everything that decides what can happen next. Times are only "just now" and "long ago". */
interface World {
  readonly rollout: Rollout;
  readonly hosts: readonly HostNow[];
  readonly gate: 'good' | 'bad' | 'none';
}

type Transition = readonly [name: string, next: World];

function releaseWith(spec: object): SidecarRelease {
  return OBJECT_SCHEMAS.SidecarRelease.parse({
    ...{ apiVersion: 'weir.dev/v1', kind: 'SidecarRelease', metadata: { name: 'r1' } },
    spec: {
      ...{ sidecar: 'main', version: { name: '1.40.0', binary: '/opt/envoy', sha256: 'ab'.repeat(32) } },
      ...{ waves: [{ labels: { wave: 'a' } }, { percent: 100 }], timeout: '10m', ...spec },
    },
  });
}

const NEW_HOST: HostNow = { speaks: true, move: 'none', startedAt: null };

const ANSWERS: Readonly<Record<World['gate'], GateAnswer>> = {
  good: { value: 0, why: null },
  bad: { value: 5, why: null },
  none: { value: null, why: 'ECONNREFUSED' },
};

function fleetHost({ name, labels }: (typeof HOSTS)[number], { speaks, move, startedAt }: HostNow): FleetHost {
  const has = move !== 'none';
  const sidecar = {
    ...{ name: 'main', state: 'live', version: null, wave: null, release: has ? 'r1' : null },
    ...{ outcome: move === 'done' ? 'settled' : null, error: move === 'failed' ? 'no good' : null },
    ...(startedAt === null ? {} : { startedAt }),
  };
  const status = { at: '', weir: '', seen: null, held: null, overrides: [], apps: [], sidecars: [sidecar], errors: [] };
  return { key: name, name, twins: [], labels, apps: [], record: null, damaged: null, status: speaks ? status : null };
}

const wavesOf = (release: SidecarRelease, { rollout, hosts }: World) =>
  waveHosts(
    release,
    HOSTS.map((host, index) => fleetHost(host, hosts[index] ?? NEW_HOST)),
    rollout.startedAt,
  );

/** The leader has watched for as long as the record says. */
function timesOf({ since, heldSince }: Rollout): RolloutTimes {
  const age = (time: string | null | undefined) => (time == null ? 0 : NOW - Date.parse(time));
  return { waveMs: age(since), heldMs: age(heldSince) };
}

function leaderStep(release: SidecarRelease, world: World): Transition[] {
  const waves = wavesOf(release, world);
  const asked = gatesToAsk(world.rollout, release, waves);
  const answers = new Map<ReleaseGate, GateAnswer>(asked.map((gate) => [gate, ANSWERS[world.gate]]));
  const step = stepRollout(world.rollout, release, waves, answers, NOW, timesOf(world.rollout));
  return step === null ? [] : [['leader', { ...world, rollout: step.next }]];
}

/** What a host's daemon does; what it does not say, the leader does not know. */
function hostSteps(release: SidecarRelease, world: World): Transition[] {
  const { rollout } = world;
  return HOSTS.flatMap((host, index): Transition[] => {
    const now = world.hosts[index] ?? NEW_HOST;
    const isTried = now.move !== 'none' && now.startedAt === rollout.startedAt;
    const to = (change: Partial<HostNow>): World => ({
      ...world,
      hosts: world.hosts.map((one, at) => (at === index ? { ...one, ...change } : one)),
    });
    const may =
      rollout.state === 'running' &&
      rollout.wave >= (waveOf(release, host) ?? 99) &&
      (rollout.allowed?.includes(host.name) ?? true);
    return [
      ...(may && !isTried && now.move !== 'moving'
        ? [[`${host.name} begins`, to({ move: 'moving', startedAt: rollout.startedAt ?? null })] as const]
        : []),
      ...(now.move === 'moving'
        ? (['done', 'failed'] as const).map((move) => [`${host.name} ${move}`, to({ move })] as const)
        : []),
      ...(rollout.state === 'undoing' && (now.move === 'done' || now.move === 'failed')
        ? [[`${host.name} goes back`, to({ move: 'none', startedAt: null })] as const]
        : []),
      // One host that may fall silent shows all that silence does; two would only be more of it.
      ...(index === 0
        ? [[`${host.name} ${now.speaks ? 'falls silent' : 'speaks'}`, to({ speaks: !now.speaks })] as const]
        : []),
    ];
  });
}

function operatorVerbs(world: World, hasBudget: boolean): Transition[] {
  return ROLLOUT_VERBS.filter((verb) => FITTING[verb].includes(world.rollout.state)).map((verb) => {
    const scope = { release: 'r1', region: 'east', hasBudget };
    const rollout = nextRecord(verb, scope, world.rollout, STARTS[0]);
    const other = world.rollout.startedAt === STARTS[0] ? STARTS[1] : STARTS[0];
    return [verb, { ...world, rollout: verb === 'start' ? { ...rollout, startedAt: other } : rollout }];
  });
}

function surroundings(release: SidecarRelease, world: World): Transition[] {
  const { rollout } = world;
  if (rollout.state !== 'running') return [];
  const isAsked = release.spec.gates.some(({ type }) => type === 'prometheus');
  const old = new Date(LONG_AGO).toISOString();
  return [
    ...(isAsked ? (['good', 'bad', 'none'] as const) : []).map(
      (gate): Transition => [`gate ${gate}`, { ...world, gate }],
    ),
    [
      'time passes',
      { ...world, rollout: { ...rollout, since: old, heldSince: rollout.heldSince == null ? null : old } },
    ],
  ];
}

/** Where a rollout is at its end, or on its way back, only a new start counts, which begins with a record of its own. */
function canonical(world: World): World {
  const { rollout } = world;
  if (['running', 'paused', 'stopped'].includes(rollout.state)) return world;
  const { heldSince: _held, skipGates: _skip, allowed: _allowed, since: _since, ...rest } = rollout;
  return { ...world, rollout: rest };
}

function explore(release: SidecarRelease) {
  const hasBudget = release.spec.budget !== undefined;
  const none: Rollout = { release: 'r1', region: 'east', state: 'aborted', wave: 0, reason: null };
  const scope = { release: 'r1', region: 'east', hasBudget };
  const rollout = nextRecord('start', scope, none, new Date(NOW).toISOString());
  const first: World = { rollout, hosts: HOSTS.map(() => NEW_HOST), gate: 'none' };
  // The words of a reason do not decide what comes next.
  const key = ({ rollout: { reason: _reason, ...rest }, hosts, gate }: World) => JSON.stringify([rest, hosts, gate]);
  const seen = new Map<string, World>([[key(first), first]]);
  const before = new Map<string, Set<string>>();
  const queue = [first];
  let transitions = 0;
  for (let world = queue.pop(); world !== undefined; world = queue.pop()) {
    const own = key(world);
    const nexts = [
      ...leaderStep(release, world),
      ...hostSteps(release, world),
      ...operatorVerbs(world, hasBudget),
      ...surroundings(release, world),
    ];
    for (const [name, reached] of nexts) {
      transitions += 1;
      check(release, world, name, reached);
      const next = canonical(reached);
      const to = key(next);
      const from = before.get(to) ?? new Set();
      before.set(to, from.add(own));
      if (seen.has(to)) continue;
      seen.set(to, next);
      queue.push(next);
    }
  }
  return { seen, transitions, before };
}

/** What holds of every transition. */
function check(release: SidecarRelease, from: World, name: string, to: World): void {
  const where = `${JSON.stringify(from)} --${name}--> ${JSON.stringify(to)}`;
  const { rollout } = from;
  const isLeader = name === 'leader';
  const inWaves = (wave: number) =>
    from.hosts.filter((_, index) => (waveOf(release, HOSTS[index] ?? HOSTS[0]) ?? 99) <= wave);
  if (to.rollout.wave !== rollout.wave && name !== 'start') {
    assert.ok(isLeader && to.rollout.wave === rollout.wave + 1, `only the leader moves the wave, by one: ${where}`);
    const isPromoted = rollout.skipGates === rollout.wave;
    const own = inWaves(rollout.wave);
    const failed = own.filter((one) => one.move === 'failed' && one.startedAt === rollout.startedAt).length;
    const isThrough = own.every(
      ({ speaks, move, startedAt }) =>
        speaks && startedAt === rollout.startedAt && (move === 'done' || move === 'failed'),
    );
    assert.ok(isPromoted || isThrough, `a wave begins when the one before is through: ${where}`);
    assert.ok(isPromoted || rollout.wave === 0 || failed === 0, `no wave begins over a broken gate: ${where}`);
  }
  if (isLeader) {
    assert.ok(['running', 'undoing'].includes(rollout.state), `a rollout that does not move is left alone: ${where}`);
    if (rollout.state === 'running')
      assert.ok(['running', 'stopped', 'done'].includes(to.rollout.state), `running ends as stopped or done: ${where}`);
    if (to.rollout.state === 'done')
      assert.equal(rollout.wave, release.spec.waves.length, `done comes after the last wave: ${where}`);
    if (to.rollout.state === 'stopped') assert.ok(to.rollout.reason, `what stops says why: ${where}`);
    if (to.rollout.state === 'undone')
      assert.ok(
        inWaves(rollout.wave).every(({ speaks, move }) => speaks && move === 'none'),
        `undone means that every host said so: ${where}`,
      );
    const { budget } = release.spec;
    if (budget !== undefined && to.rollout.state === 'running') {
      const allowed = to.rollout.allowed ?? [];
      const open = HOSTS.filter(
        (host, index) =>
          allowed.includes(host.name) &&
          from.hosts[index]?.startedAt === rollout.startedAt &&
          !(from.hosts[index]?.speaks && ['done', 'failed'].includes(from.hosts[index]?.move ?? '')),
      );
      assert.ok(open.length <= budget.maxUnavailable, `no more move than the budget allows: ${where}`);
    }
  }
  if (name.endsWith('begins')) assert.equal(rollout.state, 'running', `hosts move only while it runs: ${where}`);
}

const MODELS = {
  'hosts gate, no budget': releaseWith({ gates: [{ type: 'hosts', maxFailed: 0 }] }),
  'hosts gate, budget of one': releaseWith({ gates: [{ type: 'hosts', maxFailed: 0 }], budget: { maxUnavailable: 1 } }),
  'hosts and Prometheus gates': releaseWith({
    gates: [
      { type: 'hosts', maxFailed: 0 },
      { type: 'prometheus', url: 'http://prometheus:9090', query: 'errors', max: 1, for: '60s' },
    ],
  }),
};

for (const [name, release] of Object.entries(MODELS)) {
  test(`in every order of events the laws of a rollout hold, and an undo can end from everywhere: ${name}`, (t) => {
    const { seen, transitions, before } = explore(release);
    const states = Map.groupBy(seen.values(), ({ rollout }) => rollout.state);
    const counts = [...states].map(([state, worlds]) => `${state} ${worlds.length}`).sort();
    t.diagnostic(
      `${seen.size} states, ${transitions} transitions, 10 laws of a transition and 1 of reach; ${counts.join(', ')}`,
    );
    assert.deepEqual(
      [...states.keys()].sort(),
      ['aborted', 'done', 'paused', 'running', 'stopped', 'undoing', 'undone'],
      'every state is reached',
    );
    // Backwards from every undone world: who is not met can never be taken back.
    const reach = new Set([...seen].filter(([, { rollout }]) => rollout.state === 'undone').map(([key]) => key));
    const queue = [...reach];
    for (let key = queue.pop(); key !== undefined; key = queue.pop()) {
      for (const from of before.get(key) ?? []) {
        if (reach.has(from)) continue;
        reach.add(from);
        queue.push(from);
      }
    }
    const lost = [...seen.keys()].find((key) => !reach.has(key));
    assert.equal(lost, undefined, 'an undo can end from everywhere');
  });
}
