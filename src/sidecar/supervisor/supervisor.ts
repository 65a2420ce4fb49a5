/** The supervisor of one sidecar: the upgrade machine at work on a host. */
import { messageOf } from '../../errors/message-of.ts';
import type { SidecarInterception } from '../../interception/supervised/ports.ts';
import { type Agent, type AgentStep, startAgent } from '../../platform/agent/agent.ts';
import type { Clock } from '../../platform/clock.ts';
import type { KnownReadiness } from '../../platform/readiness.ts';
import { resumeSidecar } from '../machine/resume-sidecar.ts';
import type {
  Generation,
  SidecarAction,
  SidecarEvent,
  SidecarMachine,
  UpgradeRequest,
} from '../machine/sidecar-state.ts';
import { acceptsConnections, newSidecarMachine, nextTickMs, stepSidecar } from '../machine/step-sidecar.ts';
import type { FoundEnvoy, SidecarHost, SidecarNote, SidecarSpec } from '../ports.ts';
import { DrainWatch } from './drain-watch.ts';
import { ExitWatch } from './exit-watch.ts';
import { GenerationSpecs, specToStartWith } from './generation-specs.ts';
import { candidateOf, readJournalHint, servingOf } from './machine-view.ts';
import { markExpendable } from './mark-expendable.ts';
import { actionPerformer } from './perform-action.ts';
import { ReadinessWatch } from './readiness-watch.ts';
import { refuseForeign } from './refuse-foreign.ts';
import type { Supervised } from './supervised.ts';
import type { SupervisorEvent } from './supervisor-event.ts';
import { adoptedJob, UpgradeJob, type UpgradeListener, upgradeSide } from './upgrade-job.ts';
import { watchStart } from './watch-start.ts';

/** The inputs of a supervisor. `spec` is the present entry of mesh.yaml; an adopted process keeps its own. */
export interface SupervisorParts {
  readonly host: SidecarHost;
  readonly clock: Clock;
  /** The number of this process, for the journal and the status. */
  readonly pid: number;
  readonly spec: SidecarSpec;
  readonly interception: SidecarInterception;
  say(event: SupervisorEvent): void;
}

/**
 * Runs the upgrade machine of one sidecar on a host. Events on the host go into the machine, and its actions are
 * carried out in order. The class holds no rule of its own about upgrades.
 */
export class SidecarSupervisor implements Supervised {
  readonly name: string;
  readonly host: SidecarHost;
  readonly clock: Clock;
  readonly pid: number;
  readonly #parts: SupervisorParts;
  readonly #agent: Agent<SidecarMachine, SidecarEvent, SidecarAction>;
  readonly #specs: GenerationSpecs;
  readonly #exits: ExitWatch;
  readonly #readiness: ReadinessWatch;
  readonly #withoutAdmin = new Set<number>();
  readonly #stopped = Promise.withResolvers<void>();
  #job: UpgradeJob | null = null;
  #jobs = 0;
  #liveTold = 0;

  constructor(parts: SupervisorParts) {
    this.#parts = parts;
    this.name = parts.spec.name;
    this.host = parts.host;
    this.clock = parts.clock;
    this.pid = parts.pid;
    this.#specs = new GenerationSpecs(parts.spec);
    this.#exits = new ExitWatch(this, () => void this.#bypassAtOnce());
    this.#readiness = new ReadinessWatch(this, parts.interception);
    this.#agent = startAgent<SidecarMachine, SidecarEvent, SidecarAction>({
      clock: parts.clock,
      machine: newSidecarMachine(null, null),
      step: stepSidecar,
      wakeAtMs: nextTickMs,
      tick: { type: 'tick' },
      perform: actionPerformer(this, {
        interception: parts.interception,
        drains: new DrainWatch(this),
        started: (id) => this.#exits.add(id),
        say: parts.say,
        note: (note) => this.#note(note),
        endJob: (action) => this.#job?.end({ ...action, served: acceptsConnections(this.machine) }) ?? null,
        forgetJob: () => {
          this.#job?.answer();
          this.#job = null;
        },
      }),
      failed: (action, error) => this.warn(`${action.type}: ${messageOf(error)}`),
      stepped: (after, before) => this.#stepped(after, before),
    });
  }

  get machine(): SidecarMachine {
    return this.#agent.machine;
  }

  get specs(): Pick<GenerationSpecs, 'of' | 'settled'> {
    return this.#specs;
  }

  get job(): UpgradeJob | null {
    return this.#job;
  }

  get isClosed(): boolean {
    return this.#agent.isClosed;
  }

  /** The last answer of the process that serves, to whether it is ready; null: it was adopted and not asked yet. */
  get readiness(): KnownReadiness | null {
    return this.#readiness.readiness;
  }

  /** Resolves when a process that was adopted has been asked, or could not be: status does not guess meanwhile. */
  async asked(): Promise<void> {
    if (this.readiness === null) await this.#readiness.looked;
  }

  /** Resolves when every process of the sidecar has ended on request. */
  get stopped(): Promise<void> {
    return this.#stopped.promise;
  }

  /** Adopts running processes, or starts the given pair: the settled one, unless the store has lost it. */
  async start(firstPair: string): Promise<void> {
    const { host, clock } = this;
    const [pointers, { found, nextId }, { entries, newer }] = await Promise.all([
      host.pairs.pointers(),
      host.findProcesses(this.#specs.settled),
      host.journal.read(),
    ]);
    if (newer > 0) this.warn(`${newer} entries of the journal were written by a newer weir and are not read`);
    const hint = readJournalHint(entries, clock);
    await this.#note({ kind: 'supervisor', pid: this.pid, found: found.map(({ launch }) => launch.pid) });
    this.#exits.start();
    await this.#adoptProcesses(found);
    const facts = {
      processes: found.map(({ launch, ...facts }) => ({ generation: launch.generation, ...facts })),
      nextId,
      ...pointers,
      journal: hint,
      drainMs: this.#specs.settled.drainMs,
    };
    const step = resumeSidecar(facts, clock.monotonic());
    if (step === null) {
      await refuseForeign(host, this.name, firstPair);
      const settled = pointers.current === firstPair ? firstPair : null;
      const machine = { ...newSidecarMachine(settled, pointers.previous), nextId };
      await host.cleanUp(null);
      this.#agent.resume({ machine, actions: [] });
      this.dispatch({ type: 'start', pair: firstPair });
    } else {
      const spec = found.at(-1)?.launch.spec ?? null;
      if (hint.upgrade !== null) this.#job = await adoptedJob(host, hint.upgrade, spec, clock);
      const { name: state } = step.machine.state;
      const pids = found.map(({ launch }) => launch.pid).join(', ');
      this.#parts.say({ event: 'adopted', text: `adopted Envoy ${pids}: ${state}`, state });
      this.#agent.resume(step);
    }
    void this.#readiness.run();
  }

  async #adoptProcesses(found: readonly FoundEnvoy[]): Promise<void> {
    for (const { launch, hadSuccessor, listening } of found) {
      const { id } = launch.generation;
      // The supervisor before may have died between the hand-over and what it does after it.
      if (listening === true) await markExpendable(this, id, false);
      if (launch.spec !== null) this.#specs.started(id, launch.spec);
      this.#readiness.adopted(id);
      this.#exits.add(id);
      // A process that had a hot-restart child gave its admin up to it, also when that child is gone again.
      if (hadSuccessor) this.#withoutAdmin.add(id);
      // A supervisor may have died between SIGSTOP and SIGCONT, and a stopped process helps nobody.
      if (found.length > 1) await this.host.signal(id, 'SIGCONT');
    }
    // The oldest one was started before the upgrade under way, if there is one: its spec is the settled one.
    const [oldest] = found;
    if (oldest !== undefined && oldest.launch.spec !== null) this.#specs.adopt(oldest.launch.spec);
  }

  /**
   * Begins an upgrade; null when the machine has something else to do. The caller ensures that no upgrade is under way.
   */
  begin(
    asked: Omit<UpgradeRequest, 'id'> & { readonly spec: SidecarSpec },
    pair: Parameters<typeof upgradeSide>[0],
    onEvent: UpgradeListener,
  ): UpgradeJob | null {
    const { spec, ...request } = asked;
    const job = new UpgradeJob(`${Math.round(this.clock.now())}-${++this.#jobs}`, spec, this.clock);
    const serving = servingOf(this.machine.state);
    job.note({ fact: 'sides', to: upgradeSide(pair, serving === null ? null : { epoch: serving.epoch + 1 }) });
    job.listen(onEvent);
    const before = this.machine;
    this.#job = job;
    this.dispatch({ type: 'upgrade', request: { ...request, id: job.id } });
    if (this.machine !== before) return job;
    this.#job = null;
    return null;
  }

  dispatch(event: SidecarEvent): void {
    this.#agent.dispatch(event);
  }

  /** Resolves when everything that was decided so far has been done: the report of an upgrade comes last. */
  carriedOut(): Promise<void> {
    return this.#agent.carriedOut();
  }

  hasAdmin(id: number): boolean {
    return !this.#withoutAdmin.has(id);
  }

  tookAdmin(id: number, from: number | null): void {
    this.#withoutAdmin.delete(id);
    if (from !== null) this.#withoutAdmin.add(from);
  }

  learnedEnd(id: number, detail: string): void {
    void this.#note({ kind: 'end', id, detail });
    this.warn(`how the Envoy ended of which that was not known: ${detail}`);
  }

  warn(text: string): void {
    this.#job?.note({ fact: 'warning', text });
    this.#parts.say({ event: 'warning', text });
  }

  /** Ends the supervisor itself; the processes go on. */
  close(): void {
    this.#agent.close();
    this.#exits.stop();
  }

  #stepped({ machine, actions }: AgentStep<SidecarMachine, SidecarAction>, before: SidecarMachine): void {
    const { state } = machine;
    for (const action of actions) {
      if (action.type !== 'spawn') continue;
      const spec = specToStartWith(state, this.#specs, this.#job?.spec ?? null);
      this.#specs.started(action.generation.id, spec);
    }
    if (state.name === 'idle') {
      this.#specs.settle(state.serving.id);
      // Nothing else runs, and a supervisor lives through any number of upgrades.
      for (const id of [...this.#withoutAdmin]) if (id !== state.serving.id) this.#withoutAdmin.delete(id);
    }
    if (state.name !== before.state.name) this.#entered(machine);
    // In an emergency the start begins later than the state: when the failed process is gone.
    const candidate = candidateOf(state);
    if (candidate !== null && candidateOf(before.state)?.id !== candidate.id) void watchStart(this, candidate.id);
  }

  #entered({ state }: SidecarMachine): void {
    const deadlineMs = 'deadlineMs' in state ? state.deadlineMs : null;
    const upgrade = 'upgrade' in state ? state.upgrade : null;
    const drainEndMonotonicMs = 'drainEndMs' in state ? state.drainEndMs : null;
    if (upgrade !== null) this.#job?.enter(state.name, drainEndMonotonicMs ?? deadlineMs);
    const epoch = servingOf(state)?.epoch ?? null;
    void this.#note({ kind: 'state', state: state.name, upgrade, drainEndMonotonicMs, epoch });
    this.#parts.say({ event: 'state', text: `state ${state.name}`, state: state.name });
    if (state.name === 'idle') void this.#tellLive(state.serving);
    if (state.name === 'stopped') void this.#endWhenDone();
  }

  async #endWhenDone(): Promise<void> {
    // The actions of the step that is being told are queued already.
    await this.#agent.carriedOut();
    this.close();
    this.#parts.say({ event: 'stopped', text: 'stopped' });
    this.#stopped.resolve();
  }

  async #tellLive(serving: Generation): Promise<void> {
    if (this.#liveTold === serving.id) return;
    this.#liveTold = serving.id;
    const { id, epoch, pair: pairId } = serving;
    // A process whose version cannot be read is reported without it: that it serves is known.
    const [launch, pair] = await Promise.all([
      this.host.launchOf(id).catch(() => null),
      this.host.pairs.read(pairId).catch(() => null),
    ]);
    const pid = launch?.pid ?? null;
    const version = pair?.version ?? null;
    const text = `${this.name} is live: Envoy ${version ?? 'of unknown version'}, epoch ${epoch}, pid ${pid ?? '?'}`;
    this.#parts.say({ event: 'live', text, epoch, pid, version });
  }

  /** Nobody serves any more: the bypass starts now, and the machine decides the same a few milliseconds later. */
  async #bypassAtOnce(): Promise<void> {
    if (this.machine.bypassed) return;
    const bypass = this.#parts.interception.bypass(true, 'the sidecar has ended');
    await bypass.catch((error: Error) => this.warn(error.message));
  }

  async #note(note: SidecarNote): Promise<void> {
    const at = new Date(this.clock.now()).toISOString();
    const problem = await this.host.journal.append({ at, ...note });
    if (problem !== null) this.warn(`the journal could not be written: ${problem}`);
  }
}
