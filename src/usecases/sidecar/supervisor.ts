import { resumeSidecar } from '../../upgrade/resume-sidecar.ts';
import type {
  Generation,
  SidecarAction,
  SidecarEvent,
  SidecarMachine,
  UpgradeInProgress,
} from '../../upgrade/sidecar-state.ts';
import { newSidecarMachine, nextTickMs, stepSidecar } from '../../upgrade/step-sidecar.ts';
import type { SidecarHost, SidecarInterception, SidecarSpec } from '../ports/sidecar.ts';
import { checkHandover } from './check-handover.ts';
import { DrainWatch } from './drain-watch.ts';
import { ExitWatch } from './exit-watch.ts';
import { candidateOf, readJournalHint, servingOf } from './machine-view.ts';
import { ReadinessWatch } from './readiness-watch.ts';
import { runPreflight } from './run-preflight.ts';
import type { Supervised } from './supervised.ts';
import type { SupervisorEvent } from './supervisor-event.ts';
import { tellSdks } from './tell-sdks.ts';
import { adoptedJob, type UpgradeJob } from './upgrade-job.ts';
import { watchStart } from './watch-start.ts';

// A sink must outlive the parent-shutdown timer of the process that it keeps alive.
const SINK_SPARE_S = 30;

/**
 * Runs the upgrade machine of one sidecar on a real host: turns what happens there into events, and carries out the
 * actions in order. Holds no rule of its own about upgrades.
 */
export class SidecarSupervisor implements Supervised {
  readonly host: SidecarHost;
  spec: SidecarSpec;
  machine: SidecarMachine;
  job: UpgradeJob | null = null;
  isClosed = false;
  readonly withoutAdmin = new Set<number>();
  readonly #interception: SidecarInterception;
  readonly #say: (event: SupervisorEvent) => void;
  readonly #exits: ExitWatch;
  readonly #drains: DrainWatch;
  readonly #readiness: ReadinessWatch;
  #queue: Promise<void> = Promise.resolve();
  #tick: NodeJS.Timeout | undefined;
  #snapshot: readonly string[] = [];
  #liveTold = 0;
  readonly #stopped: Promise<void>;
  #resolveStopped: () => void = () => {};

  constructor(
    host: SidecarHost,
    spec: SidecarSpec,
    interception: SidecarInterception,
    say: (event: SupervisorEvent) => void,
  ) {
    this.host = host;
    this.spec = spec;
    this.#interception = interception;
    this.#say = say;
    this.machine = newSidecarMachine(null, null);
    this.#exits = new ExitWatch(
      host,
      () => this.spec,
      (event) => this.dispatch(event),
      () => void this.#bypassAtOnce(),
    );
    this.#drains = new DrainWatch(this);
    this.#readiness = new ReadinessWatch(this, interception);
    this.#stopped = new Promise((resolve) => {
      this.#resolveStopped = resolve;
    });
  }

  /** True while the serving process does not answer although it runs. */
  get isFrozen(): boolean {
    return this.#readiness.isFrozen;
  }

  /** Resolves when every process of the sidecar has ended on request. */
  get stopped(): Promise<void> {
    return this.#stopped;
  }

  /** Adopts what runs, or starts the settled pair (else the given one). */
  async start(firstPair: string): Promise<void> {
    const { host } = this;
    const [pointers, { found, nextId }, entries] = await Promise.all([
      host.pairs.pointers(),
      host.findProcesses(this.spec),
      host.journal.read(),
    ]);
    const hint = readJournalHint(entries);
    await this.#note('supervisor', { pid: process.pid, found: found.map(({ launch }) => launch.pid) });
    this.#exits.start();
    for (const { launch } of found) {
      this.#exits.add(launch.generation.id);
      // A supervisor may have died between SIGSTOP and SIGCONT of somebody: a stopped process helps nobody.
      if (found.length > 1) await host.signal(launch.generation.id, 'SIGCONT');
    }
    const facts = {
      processes: found.map(({ launch, ...facts }) => ({ generation: launch.generation, ...facts })),
      nextId,
      ...pointers,
      journal: hint,
      drainMs: this.spec.drainMs,
    };
    const step = resumeSidecar(facts, host.nowMs());
    if (step === null) {
      this.machine = { ...newSidecarMachine(pointers.current, pointers.previous), nextId };
      await host.cleanUp(null);
      this.dispatch({ type: 'start', pair: pointers.current ?? firstPair });
    } else {
      if (hint.upgrade !== null) this.job = await adoptedJob(host, hint.upgrade);
      this.#say({
        event: 'adopted',
        text: `adopted Envoy ${found.map(({ launch }) => launch.pid).join(', ')}: ${step.machine.state.name}`,
        state: step.machine.state.name,
      });
      this.machine = step.machine;
      // Whoever had a hot-restart child gave its admin up to it, also when that child is gone again.
      for (const { launch, hadSuccessor } of found) if (hadSuccessor) this.withoutAdmin.add(launch.generation.id);
      this.#enqueue(step.actions);
      this.#entered();
    }
    void this.#readiness.run();
  }

  /** Gives the machine an event. Actions are carried out in order, after those of the events before. */
  dispatch(event: SidecarEvent): void {
    if (this.isClosed) return;
    const before = this.machine.state;
    const step = stepSidecar(this.machine, event, this.host.nowMs());
    this.machine = step.machine;
    this.#enqueue(step.actions);
    if (step.machine.state.name !== before.name) this.#entered();
    // In an emergency the start begins later than the state: when the failed process is gone.
    else if (candidateOf(before) === null) this.#awaitStart();
    this.#armTick();
  }

  /** Ends the supervisor itself; the processes go on. */
  close(): void {
    this.isClosed = true;
    clearTimeout(this.#tick);
    this.#exits.stop();
  }

  #armTick(): void {
    clearTimeout(this.#tick);
    const at = nextTickMs(this.machine);
    if (at === null || this.isClosed) return;
    this.#tick = setTimeout(() => this.dispatch({ type: 'tick' }), Math.max(0, at - this.host.nowMs()));
  }

  #entered(): void {
    const { state } = this.machine;
    const deadlineMs = nextTickMs(this.machine);
    const upgrade = 'upgrade' in state ? state.upgrade : null;
    const drainEndMs = 'drainEndMs' in state ? state.drainEndMs : null;
    if (upgrade !== null) this.job?.enter(state.name, this.host.nowMs(), drainEndMs ?? deadlineMs);
    void this.#note('state', { state: state.name, upgrade, drainEndMs, epoch: servingOf(state)?.epoch ?? null });
    this.#say({ event: 'state', text: `state ${state.name}`, state: state.name });
    this.#awaitStart();
    if (state.name === 'idle') void this.#tellLive(state.serving);
    if (state.name === 'stopped') {
      this.#enqueue([]);
      void this.#queue.then(() => {
        this.close();
        this.#say({ event: 'stopped', text: 'stopped' });
        this.#resolveStopped();
      });
    }
    this.#armTick();
  }

  #awaitStart(): void {
    const id = candidateOf(this.machine.state)?.id;
    if (id !== undefined) void watchStart(this, id);
  }

  async #tellLive(serving: Generation): Promise<void> {
    if (this.#liveTold === serving.id) return;
    this.#liveTold = serving.id;
    const [launch, pair] = await Promise.all([this.host.launchOf(serving.id), this.host.pairs.read(serving.pair)]);
    const version = pair?.version ?? 'of unknown version';
    const text = `${this.spec.name} is live: Envoy ${version}, epoch ${serving.epoch}, pid ${launch?.pid ?? '?'}`;
    this.#say({ event: 'live', text, epoch: serving.epoch, pid: launch?.pid ?? null, version: pair?.version ?? null });
  }

  /** Ahead of the machine, which comes to the same a few milliseconds later: nobody serves any more. */
  async #bypassAtOnce(): Promise<void> {
    if (this.machine.bypassed) return;
    await this.#interception.bypass(true, 'the sidecar has ended').catch((error: Error) => this.warn(error.message));
  }

  #enqueue(actions: readonly SidecarAction[]): void {
    for (const action of actions) {
      this.#queue = this.#queue
        .then(() => this.#perform(action))
        .catch((error: unknown) => {
          // An action that fails must not stop the ones after it: each state has a deadline that deals with the rest.
          this.warn(`${action.type}: ${error instanceof Error ? error.message : String(error)}`);
        });
    }
  }

  warn(text: string): void {
    this.job?.warnings.push(text);
    this.#say({ event: 'warning', text });
  }

  async #note(kind: 'state' | 'report' | 'bypass' | 'supervisor', fields: Record<string, unknown>): Promise<void> {
    const problem = await this.host.journal.append({ at: new Date(this.host.nowMs()).toISOString(), kind, ...fields });
    if (problem !== null) this.warn(`the journal could not be written: ${problem}`);
  }

  async #perform(action: SidecarAction): Promise<void> {
    const { host, spec } = this;
    switch (action.type) {
      case 'preflight':
        void this.#preflight(action.upgrade, action.serving);
        return;
      case 'snapshot':
        this.#snapshot = await host.listeners(spec, action.serving.id);
        this.dispatch({ type: 'snapshot-done', requestId: action.upgrade.request.id });
        return;
      case 'clear-flag':
        if (!(await host.clearFlag(action.variant))) this.warn('the initializing flag could not be cleared');
        return;
      case 'spawn':
        return this.#spawn(action.generation, action.drainMs ?? spec.drainMs);
      case 'kill':
        await host.signal(action.id, 'SIGKILL');
        return;
      case 'kill-unless-serving':
        if ((await host.listeners(spec, action.oldId)).length > 0) await host.signal(action.id, 'SIGKILL');
        else this.dispatch({ type: 'admin', id: action.id, live: true, progressed: true });
        return;
      case 'end-gently':
        return this.#drains.endGently(action.id, action.cut);
      case 'bind-sink':
        await host.bindSink(
          action.role,
          action.generation,
          Math.ceil(spec.drainMs / 1000) + SINK_SPARE_S,
          action.isFree,
        );
        return;
      case 'release-sinks':
        return host.releaseSinks(action.variant, action.epoch);
      case 'check-handover':
        void checkHandover(this, { ...action, snapshot: this.#snapshot });
        return;
      case 'notify':
        void tellSdks(this, action);
        return;
      case 'watch-drain':
        void this.#drains.watch(action.generation);
        return;
      case 'drain-listeners':
        if (!this.withoutAdmin.has(action.id)) await host.postAdmin(spec, '/drain_listeners?graceful');
        return;
      case 'bypass':
        this.#say({
          event: 'bypass',
          text: `${action.on ? 'traffic goes direct' : 'traffic goes through the sidecar'}: ${action.reason}`,
          on: action.on,
        });
        void this.#note('bypass', { on: action.on, reason: action.reason });
        return this.#interception.bypass(action.on, action.reason);
      case 'settle':
        await host.pairs.settle(action.current, action.previous);
        await host.pairs.prune([action.current, action.previous]);
        return;
      case 'report':
        return this.#report(action);
      case 'clean-up':
        return host.cleanUp(action.keepVariant);
      case 'reject':
      case 'abort-answer':
        return;
    }
  }

  async #spawn(generation: Generation, drainMs: number): Promise<void> {
    const { host, spec } = this;
    try {
      const pair = await host.pairs.read(generation.pair);
      if (pair === null) throw new Error(`the versions store has lost the pair ${generation.pair}`);
      await host.spawn(spec, pair, generation, drainMs);
      this.#exits.add(generation.id);
    } catch (error) {
      const reason = `the process could not be started: ${error instanceof Error ? error.message : String(error)}`;
      this.dispatch({ type: 'spawn-failed', id: generation.id, reason });
    }
  }

  async #preflight(upgrade: UpgradeInProgress, serving: Generation): Promise<void> {
    const { event, warnings } = await runPreflight(this.host, this.spec, upgrade, serving, this.job);
    for (const warning of warnings) this.warn(warning);
    this.dispatch(event);
  }

  async #report(action: Extract<SidecarAction, { type: 'report' }>): Promise<void> {
    const { job } = this;
    const { upgrade, outcome, reason } = action;
    if (job === null) return;
    await this.#drains.countCutRequests();
    const report = job.end(outcome, reason, upgrade, this.host.nowMs());
    this.job = null;
    await this.#note('report', { report });
    this.#say({ event: 'report', text: `upgrade ${outcome}: ${reason}`, report });
  }
}
