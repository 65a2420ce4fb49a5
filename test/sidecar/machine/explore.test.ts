/** The upgrade machine in every order of events. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type Budget, deliver, emptyWorld, isUnlooked, transitionsOf, type World } from './upgrade-world.ts';

interface Node {
  readonly world: World;
  readonly via: string;
  readonly from: string | null;
  readonly fairNext: Set<string>;
}

/** Two worlds with the same key behave the same: times only order events, and ids only tell processes apart. */
function keyOf(world: World): string {
  const ids = new Map(world.processes.map((p, index) => [p.generation.id, index]));
  const plain = { ...world, nowMs: 0, nextId: 0, machine: world.machine && { ...world.machine, nextId: 0 } };
  return JSON.stringify(plain, (name, value) => {
    if (name === 'id' && typeof value === 'number') return ids.get(value) ?? 'next';
    if (name === 'lost' && value !== null) return ids.has(value.id) ? value : null;
    if (name === 'watching' && typeof value === 'number') return ids.get(value) ?? 'next';
    if (name.endsWith('Ms') || name === 'reason' || name === 'warnings' || name === 'cause' || name === 'nextId')
      return 0;
    if (name === 'crashes' && typeof value === 'number') return Math.min(value, 2);
    if (name === 'pending') {
      const idOf = (id: string) => ids.get(Number(id)) ?? 'gone';
      return (value as string[]).map((p) =>
        p.replace(/^(check|probe|notify) (\d+)$/, (_, kind, id) => `${kind} ${idOf(id)}`),
      );
    }
    return value;
  });
}

function check(world: World): string[] {
  const problems = [...world.violations];
  const { machine } = world;
  const living = world.processes.filter((p) => p.exited === 'no');
  const listening = living.filter((p) => p.listening && !p.dying);
  if (listening.length > 1) problems.push('two processes accept at once');
  if (living.length > 3) problems.push('more than two processes and a dying one');
  if (machine === null) return problems;
  const unseen = world.processes.some((p) => p.exited === 'unseen');
  // What nobody has seen or looked at yet cannot have been acted upon.
  const isKnown = !unseen && !isUnlooked(world);
  if (isKnown && listening.length === 0 && !world.bypassed) problems.push('nobody serves and traffic is not bypassed');
  const { state } = machine;
  if (state.name === 'idle' && !unseen) {
    if (living.length !== 1) problems.push(`idle with ${living.length} processes`);
    if (living[0]?.generation.id !== state.serving.id) problems.push('idle, and another process serves');
    if (world.open.length > 0) problems.push('idle with an upgrade that was never reported');
    const isLost = machine.lost?.id === state.serving.id;
    if (world.bypassed !== isLost) problems.push('idle: bypassed other than for lost listeners');
    const outcome = world.lastOutcome;
    if (outcome === 'settled' && machine.current !== state.serving.pair)
      problems.push('settled on a pair that does not serve');
  }
  if (state.name === 'stopped' && !unseen && living.length > 0) problems.push('stopped with a living process');
  if (state.name === 'stopped' && world.open.length > 0)
    problems.push('stopped with an upgrade that was never reported');
  return problems;
}

function explore(budget: Budget): { states: number; transitions: number; outcomes: Set<string>; names: Set<string> } {
  const nodes = new Map<string, Node>();
  const outcomes = new Set<string>();
  const names = new Set<string>();
  const pathTo = (key: string | null): string => {
    const labels: string[] = [];
    for (let at = key; at !== null; at = nodes.get(at)?.from ?? null) labels.unshift(nodes.get(at)?.via ?? '');
    return labels.join(' -> ');
  };
  const first = deliver(emptyWorld(budget), { type: 'start', pair: 'A' });
  const queue = [keyOf(first)];
  nodes.set(queue[0] as string, { world: first, via: 'start', from: null, fairNext: new Set() });
  let transitions = 0;
  for (let key = queue.pop(); key !== undefined; key = queue.pop()) {
    const node = nodes.get(key) as Node;
    for (const transition of transitionsOf(node.world)) {
      transitions += 1;
      const world = transition.next();
      const nextKey = keyOf(world);
      if (transition.fair) node.fairNext.add(nextKey);
      if (nodes.has(nextKey)) continue;
      nodes.set(nextKey, { world, via: transition.label, from: key, fairNext: new Set() });
      const problems = check(world);
      // A message is made only where it is needed: a path can be as long as there are states.
      if (problems.length > 0) {
        assert.deepEqual(problems, [], `${pathTo(nextKey)}\n${JSON.stringify(world, null, 1)}`);
      }
      outcomes.add(world.lastOutcome);
      names.add(world.machine?.state.name ?? 'supervisor dead');
      queue.push(nextKey);
    }
  }
  assertAllSettle(nodes, pathTo);
  return { states: nodes.size, transitions, outcomes, names };
}

/** From every state the sidecar comes to rest without a further fault or an operator: serving, or stopped. */
function assertAllSettle(nodes: Map<string, Node>, pathTo: (key: string) => string): void {
  const before = new Map<string, string[]>();
  const atRest: string[] = [];
  for (const [key, node] of nodes) {
    const name = node.world.machine?.state.name;
    if (name === 'idle' || name === 'stopped') atRest.push(key);
    for (const next of node.fairNext) {
      const those = before.get(next);
      if (those === undefined) before.set(next, [key]);
      else those.push(key);
    }
  }
  const settles = new Set(atRest);
  for (let key = atRest.pop(); key !== undefined; key = atRest.pop()) {
    for (const earlier of before.get(key) ?? []) {
      if (settles.has(earlier)) continue;
      settles.add(earlier);
      atRest.push(earlier);
    }
  }
  for (const key of nodes.keys()) if (!settles.has(key)) assert.fail(`never comes to rest: ${pathTo(key)}`);
}

describe('the upgrade machine, explored', () => {
  it('keeps somebody serving or traffic bypassed through every order of two crashes and an abort', (t) => {
    const seen = explore({ crashes: 2, upgrades: 1, aborts: 1, stops: 0, supervisorDeaths: 0 });
    t.diagnostic(`states ${seen.states}, transitions ${seen.transitions}`);
    for (const outcome of ['settled', 'refused', 'aborted', 'rolled-back', 'emergency']) {
      assert.ok(seen.outcomes.has(outcome), `no path ends ${outcome}`);
    }
    assert.ok(seen.names.has('recovering'));
  });

  it('ends every process when it is stopped at any moment', (t) => {
    const seen = explore({ crashes: 1, upgrades: 1, aborts: 0, stops: 1, supervisorDeaths: 0 });
    t.diagnostic(`states ${seen.states}, transitions ${seen.transitions}`);
    assert.ok(seen.names.has('stopped'));
  });

  it('is decided again from facts after the death of the supervisor in any state', (t) => {
    const seen = explore({ crashes: 1, upgrades: 1, aborts: 0, stops: 0, supervisorDeaths: 1 });
    t.diagnostic(`states ${seen.states}, transitions ${seen.transitions}`);
    assert.ok(seen.names.has('supervisor dead'));
  });

  it('serves, or bypasses, with processes that are live without their listeners or lose them', (t) => {
    const undisturbed = { upgrades: 1, aborts: 0, stops: 0, supervisorDeaths: 0 };
    const seen = explore({ ...undisturbed, crashes: 1, losses: 1 });
    const twice = explore({ ...undisturbed, crashes: 0, losses: 2 });
    t.diagnostic(`states ${seen.states} and ${twice.states}, transitions ${seen.transitions} and ${twice.transitions}`);
    for (const outcome of ['settled', 'rolled-back', 'emergency']) assert.ok(seen.outcomes.has(outcome), outcome);
  });

  it('finds a process without listeners again after the death of the supervisor', (t) => {
    const seen = explore({ crashes: 0, upgrades: 1, aborts: 0, stops: 0, supervisorDeaths: 1, losses: 1 });
    t.diagnostic(`states ${seen.states}, transitions ${seen.transitions}`);
    assert.ok(seen.names.has('recovering'));
  });

  it('goes back to the former pair when the check or the bake fails, or the operator wants it', (t) => {
    const seen = explore({ crashes: 1, upgrades: 1, aborts: 0, stops: 0, supervisorDeaths: 0, gate: true, goBacks: 1 });
    t.diagnostic(`states ${seen.states}, transitions ${seen.transitions}`);
    for (const outcome of ['settled', 'rolled-back', 'emergency']) assert.ok(seen.outcomes.has(outcome), outcome);
    assert.ok(seen.names.has('checking') && seen.names.has('baking'));
  });

  it('keeps the gate through the death of the supervisor and a stop', (t) => {
    const gated = { crashes: 0, upgrades: 1, aborts: 0, gate: true, goBacks: 1 };
    const dead = explore({ ...gated, stops: 0, supervisorDeaths: 1 });
    const stopped = explore({ ...gated, stops: 1, supervisorDeaths: 0 });
    t.diagnostic(`states ${dead.states} and ${stopped.states}`);
    assert.ok(dead.names.has('baking') && stopped.names.has('stopped'));
  });

  it('leaves the end of the old process to Envoy where weir may not end it', (t) => {
    const seen = explore({ crashes: 1, upgrades: 1, aborts: 0, stops: 1, supervisorDeaths: 0, leftToEnvoy: true });
    t.diagnostic(`states ${seen.states}, transitions ${seen.transitions}`);
    assert.ok(seen.outcomes.has('settled'));
  });

  it('never runs two upgrades at once, whatever is asked when', (t) => {
    const seen = explore({ crashes: 1, upgrades: 2, aborts: 0, stops: 0, supervisorDeaths: 0 });
    t.diagnostic(`states ${seen.states}, transitions ${seen.transitions}`);
    assert.ok(seen.names.has('draining'));
  });
});
