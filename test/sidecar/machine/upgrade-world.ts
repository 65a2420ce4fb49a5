/** A model of the host around the upgrade machine. */
import { resumeSidecar } from '../../../src/sidecar/machine/resume-sidecar.ts';
import type {
  Generation,
  SidecarAction,
  SidecarEvent,
  SidecarMachine,
  SidecarState,
  UpgradeInProgress,
} from '../../../src/sidecar/machine/sidecar-state.ts';
import { newSidecarMachine, nextTickMs, stepSidecar } from '../../../src/sidecar/machine/step-sidecar.ts';

/** An Envoy process of the model: how far its start is, and what has been sent to it. */
interface ModelProcess {
  readonly generation: Generation;
  readonly stage: 'boot' | 'admin' | 'live';
  readonly told: boolean;
  readonly listening: boolean;
  /** Live without its listeners, because its control plane has not sent them. */
  readonly deaf: boolean;
  readonly dying: boolean;
  readonly doomed: boolean;
  readonly exited: 'no' | 'unseen' | 'seen';
}

/** What may still go wrong or be asked for on the way; the exploration is finite because these run out. */
export interface Budget {
  readonly crashes: number;
  readonly upgrades: number;
  readonly aborts: number;
  readonly stops: number;
  readonly supervisorDeaths: number;
  /** Processes that go live without listeners, or lose those that they have. */
  readonly losses?: number;
  /** Whether upgrades have a check, and how long they are watched. */
  readonly gate?: boolean;
  readonly goBacks?: number;
  /** Whether the end of the old process is left to Envoy. */
  readonly leftToEnvoy?: boolean;
}

/** A model of the host: real hot-restart rules of Envoy, as measured, around the machine under test. */
export interface World {
  readonly machine: SidecarMachine | null;
  readonly processes: readonly ModelProcess[];
  readonly nextId: number;
  readonly flags: readonly [boolean, boolean];
  readonly sinks: readonly string[];
  readonly bypassed: boolean;
  readonly pending: readonly string[];
  /** What the dead supervisor's journal holds. */
  readonly journal: {
    state: SidecarState['name'] | null;
    upgrade: UpgradeInProgress | null;
    drainEndMs: number | null;
    current: string | null;
  } | null;
  readonly watching: number | null;
  readonly nowMs: number;
  readonly budget: Budget;
  readonly open: readonly string[];
  readonly lastOutcome: string;
  readonly violations: readonly string[];
}

/** A step of the model. `fair`: it happens by itself, without a fault or an operator. */
export interface Transition {
  readonly label: string;
  readonly fair: boolean;
  readonly next: () => World;
}

const slot = (generation: Generation) => `${generation.variant}/${generation.epoch % 3}`;
const alive = (process: ModelProcess) => process.exited === 'no';

/** The world before `weir sidecar run`. */
export function emptyWorld(budget: Budget): World {
  return {
    machine: newSidecarMachine(null, null),
    processes: [],
    nextId: 1,
    flags: [false, false],
    sinks: [],
    bypassed: false,
    pending: [],
    journal: null,
    watching: null,
    nowMs: 0,
    budget,
    open: [],
    lastOutcome: '',
    violations: [],
  };
}

function update(world: World, id: number, change: Partial<ModelProcess>): World {
  const processes = world.processes.map((p) => (p.generation.id === id ? { ...p, ...change } : p));
  return { ...world, processes };
}

function blame(world: World, violation: string): World {
  return { ...world, violations: [...world.violations, violation] };
}

function parentOf(world: World, generation: Generation): ModelProcess | undefined {
  return world.processes.find(
    (p) => alive(p) && p.generation.variant === generation.variant && p.generation.epoch === generation.epoch - 1,
  );
}

function spawn(before: World, generation: Generation): World {
  let world = { ...before, nextId: Math.max(before.nextId, generation.id + 1) };
  const others = world.processes.filter(alive);
  if (others.some((p) => slot(p.generation) === slot(generation))) world = blame(world, 'two processes on one name');
  if (world.sinks.some((s) => s.endsWith(`:${slot(generation)}`))) world = blame(world, 'a sink holds the new name');
  if (others.length > 1) world = blame(world, 'three processes');
  let doomed = false;
  let flags = world.flags;
  if (generation.epoch === 0) {
    if (others.some((p) => p.listening || p.stage === 'admin')) world = blame(world, 'cold start beside a listener');
    flags = generation.variant === 0 ? [false, flags[1]] : [flags[0], false];
  } else {
    if (flags[generation.variant]) world = blame(world, 'spawned with the flag set');
    doomed = flags[generation.variant] || parentOf(world, generation) === undefined;
    flags = generation.variant === 0 ? [true, flags[1]] : [flags[0], true];
  }
  const process = {
    generation,
    stage: 'boot',
    told: false,
    listening: false,
    deaf: false,
    dying: false,
    doomed,
    exited: 'no',
  } as const;
  return { ...world, flags, processes: [...world.processes, process] };
}

function perform(world: World, action: SidecarAction): World {
  switch (action.type) {
    case 'preflight':
      return { ...world, pending: [...world.pending, `preflight ${action.upgrade.request.id}`] };
    case 'snapshot':
      return { ...world, pending: [...world.pending, `snapshot ${action.upgrade.request.id}`] };
    case 'check':
      return { ...world, pending: [...world.pending, `probe ${action.serving.id}`] };
    case 'check-handover':
      return { ...world, pending: [...world.pending, `check ${action.serving.id}`] };
    case 'notify':
      return { ...world, pending: [...world.pending, `notify ${action.old.id}`] };
    case 'clear-flag':
      return { ...world, flags: action.variant === 0 ? [false, world.flags[1]] : [world.flags[0], false] };
    case 'spawn':
      return spawn(world, action.generation);
    case 'kill':
      return update(world, action.id, { dying: true });
    case 'kill-unless-serving': {
      const target = world.processes.find((p) => p.generation.id === action.id);
      return update(world, action.id, target?.listening ? { told: false } : { dying: true });
    }
    case 'end-gently': {
      const target = world.processes.find((p) => p.generation.id === action.id);
      const next = update(world, action.id, { dying: true });
      const parent = target === undefined ? undefined : parentOf(world, target.generation);
      // Measured: an Envoy that is told to end tells its own hot-restart parent to end, too.
      return parent === undefined || parent.dying ? next : update(next, parent.generation.id, { dying: true });
    }
    case 'bind-sink':
      return { ...world, sinks: [...new Set([...world.sinks, `${action.role}:${slot(action.generation)}`])].sort() };
    case 'release-sinks': {
      const name = `${action.variant}/${action.epoch % 3}`;
      return { ...world, sinks: world.sinks.filter((s) => !s.endsWith(`:${name}`)) };
    }
    case 'watch-drain':
      return { ...world, watching: action.generation.id };
    case 'bypass':
      return { ...world, bypassed: action.on };
    case 'report': {
      const id = action.upgrade.request.id.replace('-back', '');
      const known = world.open.includes(id) ? world : blame(world, `report for ${id}, which is not open`);
      const deaf =
        (action.outcome === 'settled' || action.outcome === 'rolled-back') &&
        isDeaf(world) &&
        !isUnsure(action.upgrade);
      const next = deaf ? blame(known, `${action.outcome}, and the process that serves never listened`) : known;
      return { ...next, open: next.open.filter((o) => o !== id), lastOutcome: action.outcome };
    }
    case 'reject':
      return { ...world, open: world.open.filter((o) => o !== action.requestId) };
    case 'clean-up': {
      const wrong = world.processes.some((p) => alive(p) && p.generation.variant !== action.keepVariant);
      return wrong ? blame(world, 'cleaned up under a living process') : world;
    }
    default:
      return world;
  }
}

function isUnsure({ warnings }: UpgradeInProgress): boolean {
  return warnings.some((warning) => warning.includes('could not be looked at'));
}

/** The process that the machine takes for the serving one. */
function servingOf(world: World): ModelProcess | undefined {
  const state = world.machine?.state;
  const id = state !== undefined && 'serving' in state ? state.serving?.id : undefined;
  return world.processes.find((p) => alive(p) && p.generation.id === id);
}

function isDeaf(world: World): boolean {
  const serving = servingOf(world);
  return serving?.stage === 'live' && serving.deaf;
}

/** Whether a process that serves has lost its listeners and nobody has looked yet. */
export function isUnlooked(world: World): boolean {
  const serving = servingOf(world);
  if (serving === undefined || serving.stage !== 'live' || serving.listening) return false;
  return world.machine?.lost?.id !== serving.generation.id;
}

/** Gives the machine an event and carries its actions out in the model. */
export function deliver(world: World, event: SidecarEvent): World {
  if (world.machine === null) return world;
  const step = stepSidecar(world.machine, event, world.nowMs);
  return forget(step.actions.reduce(perform, { ...world, machine: step.machine }));
}

/** A process that is gone matters only as the dead parent or the lost successor of one that lives. */
function forget(world: World): World {
  const living = world.processes.filter((p) => p.exited !== 'seen');
  const kept = world.processes.filter((p, index, all) => {
    if (p.exited !== 'seen') return true;
    const family = living.filter((q) => q.generation.variant === p.generation.variant);
    const newest = !all
      .slice(index + 1)
      .some((q) => q.exited === 'seen' && q.generation.variant === p.generation.variant);
    return (
      family.some((q) => q.generation.epoch === p.generation.epoch + 1) ||
      (newest && family.some((q) => q.generation.id < p.generation.id))
    );
  });
  const state = world.machine?.state;
  const isAsked = state?.name === 'handover' || state?.name === 'checking';
  const waits = isAsked ? state.serving.id : state?.name === 'notify' ? state.old.id : null;
  const pending = world.pending.filter((p) => !/^(check|probe|notify) /.test(p) || p.endsWith(` ${waits}`));
  const drains = state?.name === 'draining' || state?.name === 'stopping';
  const sinks = world.sinks.filter((s) => living.some((p) => s.includes(`:${p.generation.variant}/`)));
  return { ...world, processes: kept, pending, sinks, watching: drains ? world.watching : null };
}

function exitEvent(world: World, process: ModelProcess): World {
  const { id } = process.generation;
  const othersListen = world.processes.some((p) => alive(p) && p.listening && p.generation.id !== id);
  return deliver(update(world, id, { exited: 'seen' }), { type: 'exited', id, detail: 'gone', othersListen });
}

const NOT_LIVE = {
  live: false,
  progressed: true,
  missing: null,
  isCurable: false,
  patienceMs: null,
  waitsFor: null,
} as const;

function progress(world: World, process: ModelProcess, deaf = false): World {
  const { generation } = process;
  if (process.stage === 'boot') {
    const next = update(world, generation.id, { stage: 'admin' });
    return deliver(next, { type: 'admin', id: generation.id, ...NOT_LIVE });
  }
  const parent = parentOf(world, generation);
  let next = update(world, generation.id, { stage: 'live', listening: !deaf, deaf });
  if (parent !== undefined) next = update(next, parent.generation.id, { listening: false, deaf: false });
  return { ...next, flags: generation.variant === 0 ? [false, next.flags[1]] : [next.flags[0], false] };
}

function restartSupervisor(world: World): World {
  const journal = world.journal ?? { state: null, upgrade: null, drainEndMs: null, current: null };
  const processes = world.processes.map((p) => (p.exited === 'unseen' ? { ...p, exited: 'seen' as const } : p));
  const base = { ...world, processes, pending: [], journal: null, watching: null };
  const facts = {
    processes: world.processes.filter(alive).map((p) => ({
      generation: p.generation,
      listening: p.listening,
      hadSuccessor: world.processes.some(
        (q) => q.generation.variant === p.generation.variant && q.generation.id > p.generation.id,
      ),
    })),
    nextId: world.nextId,
    current: journal.current,
    previous: null,
    journal,
    drainMs: 15_000,
  };
  const step = resumeSidecar(facts, world.nowMs);
  if (step !== null) return forget(step.actions.reduce(perform, { ...base, machine: step.machine }));
  const fresh = { ...base, machine: { ...newSidecarMachine(facts.current, null), nextId: world.nextId } };
  return deliver({ ...fresh, open: [] }, { type: 'start', pair: facts.current ?? 'A' });
}

function supervisorDies(world: World): World {
  const { machine } = world;
  if (machine === null) return world;
  const { state } = machine;
  const upgrade: UpgradeInProgress | null = 'upgrade' in state ? state.upgrade : null;
  const drainEndMs = 'drainEndMs' in state ? state.drainEndMs : null;
  return {
    ...world,
    machine: null,
    pending: [],
    watching: null,
    journal: { state: state.name, upgrade, drainEndMs, current: machine.current },
    processes: world.processes.map((p) => (p.exited === 'unseen' ? { ...p, exited: 'seen' as const } : p)),
    budget: { ...world.budget, supervisorDeaths: world.budget.supervisorDeaths - 1 },
  };
}

function pendingTransitions(world: World): Transition[] {
  const transitions: Transition[] = [];
  for (const item of world.pending) {
    const [kind, name = ''] = item.split(' ');
    const rest = { ...world, pending: world.pending.filter((p) => p !== item) };
    const answer = (label: string, fair: boolean, event: SidecarEvent) =>
      transitions.push({ label, fair, next: () => deliver(rest, event) });
    if (kind === 'preflight') {
      const mayEndEarly = world.budget.leftToEnvoy !== true;
      answer('preflight passes', true, { type: 'preflight-passed', requestId: name, mayEndEarly, isCountable: true });
      answer('preflight refuses', false, {
        type: 'preflight-refused',
        requestId: name,
        reason: 'no',
        outcome: 'refused',
      });
    } else if (kind === 'snapshot') {
      answer('snapshot', true, { type: 'snapshot-done', requestId: name });
    } else if (kind === 'check') {
      const serving = world.processes.find((p) => p.generation.id === Number(name));
      const missing = serving?.listening === false ? ['x'] : [];
      answer('hand-over is looked at', true, { type: 'handover-checked', id: Number(name), missing });
      answer('a listener is missing', false, { type: 'handover-checked', id: Number(name), missing: ['x'] });
    } else if (kind === 'probe') {
      answer('the check holds', true, { type: 'check-done', id: Number(name), problem: null });
      answer('the check fails', false, { type: 'check-done', id: Number(name), problem: 'status 503' });
    } else if (kind === 'notify') {
      answer('notices', true, { type: 'notices-done', id: Number(name) });
    }
  }
  return transitions;
}

function processTransitions(world: World, process: ModelProcess): Transition[] {
  const { generation } = process;
  const { id } = generation;
  const name = `#${id}`;
  if (process.exited === 'seen') return [];
  if (process.exited === 'unseen') {
    return world.machine === null
      ? []
      : [{ label: `${name} is seen gone`, fair: true, next: () => exitEvent(world, process) }];
  }
  const gone = (budget: Budget) => ({ ...update(world, id, { exited: 'unseen', listening: false }), budget });
  if (process.dying || process.doomed) return [{ label: `${name} ends`, fair: true, next: () => gone(world.budget) }];
  const transitions: Transition[] = [];
  const { budget } = world;
  if (budget.crashes > 0) {
    const left = { ...budget, crashes: budget.crashes - 1 };
    transitions.push({ label: `${name} crashes`, fair: false, next: () => gone(left) });
  }
  const waits = generation.epoch > 0 && parentOf(world, generation) === undefined;
  if (process.stage !== 'live' && !waits) {
    transitions.push({ label: `${name} starts on`, fair: true, next: () => progress(world, process) });
  }
  const losses = budget.losses ?? 0;
  const fewer = { ...budget, losses: losses - 1 };
  if (process.stage === 'admin' && !waits && losses > 0) {
    const next = () => progress({ ...world, budget: fewer }, process, true);
    transitions.push({ label: `${name} goes live without listeners`, fair: false, next });
  }
  if (process.stage === 'live' && process.listening && losses > 0) {
    const lose = () => ({ ...update(world, id, { listening: false }), budget: fewer });
    transitions.push({ label: `${name} loses its listeners`, fair: false, next: lose });
  }
  if (process.deaf) {
    const hear = () => update(world, id, { listening: true, deaf: false });
    transitions.push({ label: `${name} gets its listeners`, fair: true, next: hear });
  }
  const missing = process.listening ? [] : ['x'];
  const isCurable = !process.listening && !process.deaf;
  if (process.stage === 'live' && !process.told && world.machine !== null) {
    const told = update(world, id, { told: process.listening });
    const event = { type: 'admin', id, ...NOT_LIVE, live: true, missing, isCurable } as const;
    transitions.push({ label: `${name} says live`, fair: true, next: () => deliver(told, event) });
  }
  const isServing = servingOf(world)?.generation.id === id && process.stage === 'live';
  if (isServing && (world.machine?.lost?.id === id || !process.listening)) {
    const seen = { type: 'listeners', id, missing, isCurable } as const;
    const look = (hasLasted: boolean) => () => deliver(world, { ...seen, hasLasted });
    transitions.push({ label: `${name} is looked at`, fair: true, next: look(true) });
    if (!process.listening)
      transitions.push({ label: `${name} is seen without its listeners`, fair: false, next: look(false) });
  }
  const baked = world.machine?.state;
  const isWatched =
    baked?.name === 'baking' || baked?.name === 'draining' || baked?.name === 'notify' || baked?.name === 'ending';
  if (isWatched && baked.serving.id === id) {
    const event = { type: 'bake-failed', id, reason: 'too many answers 503' } as const;
    transitions.push({ label: 'the bake fails', fair: false, next: () => deliver(world, event) });
  }
  if (world.watching === id && world.machine !== null) {
    transitions.push({
      label: `${name} has drained`,
      fair: true,
      next: () => deliver({ ...world, watching: null }, { type: 'drained', id }),
    });
  }
  // Envoy's own rule: ten tries of one second on a dead parent's name, then abort. The supervisor is faster if it knows.
  const parentSeenGone = world.processes.some(
    (p) =>
      p.exited === 'seen' && p.generation.variant === generation.variant && p.generation.epoch === generation.epoch - 1,
  );
  const sink = `parent:${generation.variant}/${(generation.epoch - 1) % 3}`;
  if (waits && parentSeenGone && process.stage === 'live' && !world.sinks.includes(sink) && world.machine !== null) {
    transitions.push({ label: `${name} aborts on its dead parent`, fair: true, next: () => gone(world.budget) });
  }
  return transitions;
}

/** Everything that can happen next. */
export function transitionsOf(world: World): Transition[] {
  if (world.machine === null) {
    const silent = world.processes.flatMap((p) => processTransitions(world, p));
    // Killed and doomed processes are gone within milliseconds, long before a service manager starts a supervisor.
    if (world.processes.some((p) => alive(p) && (p.dying || p.doomed))) return silent;
    return [...silent, { label: 'a new supervisor starts', fair: true, next: () => restartSupervisor(world) }];
  }
  const { budget, machine } = world;
  const transitions = [...pendingTransitions(world), ...world.processes.flatMap((p) => processTransitions(world, p))];
  const tick = nextTickMs(machine);
  if (tick !== null) {
    const nowMs = Math.max(world.nowMs, tick);
    transitions.push({ label: 'deadline', fair: true, next: () => deliver({ ...world, nowMs }, { type: 'tick' }) });
  }
  const serving = machine.state.name !== 'stopped' && machine.state.name !== 'stopping';
  if (budget.upgrades > 0 && serving) {
    const id = `u${budget.upgrades}`;
    const pair = machine.current === 'A' ? 'B' : 'A';
    const gate = budget.gate === true;
    const check = gate ? ({ kind: 'http', url: 'http://127.0.0.1/' } as const) : null;
    const times = { initTimeoutMs: 60_000, drainMs: 15_000, bakeMs: gate ? 60_000 : 0, bakeBytes: null, spreadMs: 0 };
    const request = { id, pair, ...times, dryRun: false, accept: [], check };
    const asked = { ...world, open: [...world.open, id], budget: { ...budget, upgrades: budget.upgrades - 1 } };
    transitions.push({ label: 'upgrade', fair: false, next: () => deliver(asked, { type: 'upgrade', request }) });
  }
  const goBacks = budget.goBacks ?? 0;
  if (goBacks > 0 && serving) {
    const asked = { ...world, budget: { ...budget, goBacks: goBacks - 1 } };
    const event = { type: 'go-back', reason: 'asked for' } as const;
    transitions.push({ label: 'go back', fair: false, next: () => deliver(asked, event) });
  }
  if (budget.aborts > 0 && serving) {
    const asked = { ...world, budget: { ...budget, aborts: budget.aborts - 1 } };
    transitions.push({ label: 'abort', fair: false, next: () => deliver(asked, { type: 'abort' }) });
  }
  if (budget.stops > 0 && serving) {
    const asked = { ...world, budget: { ...budget, stops: budget.stops - 1 } };
    transitions.push({ label: 'stop', fair: false, next: () => deliver(asked, { type: 'stop', drainMs: 5_000 }) });
  }
  if (budget.supervisorDeaths > 0 && serving) {
    transitions.push({ label: 'supervisor dies', fair: false, next: () => supervisorDies(world) });
  }
  return transitions;
}
