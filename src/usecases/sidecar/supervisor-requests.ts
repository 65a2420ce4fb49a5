import { WeirError } from '../../errors/weir-error.ts';
import type { UpgradeRequest } from '../../upgrade/sidecar-state.ts';
import { nextTickMs } from '../../upgrade/step-sidecar.ts';
import { lastUpgrade } from '../../upgrade/upgrade-history.ts';
import type { SidecarStatus, UpgradeProgressEvent, UpgradeReport } from '../../upgrade/upgrade-report.ts';
import type { SidecarSpec, StoredPair } from '../ports/sidecar.ts';
import { servingOf, statusWord } from './machine-view.ts';
import type { SidecarSupervisor } from './supervisor.ts';
import { UpgradeJob, upgradeSide } from './upgrade-job.ts';

/** What `weir sidecar upgrade` asks the supervisor for. Paths are absolute; null takes what mesh.yaml names. */
export interface UpgradeAsked {
  readonly binary: string | null;
  readonly bootstrap: string | null;
  readonly dryRun: boolean;
  readonly force: boolean;
  readonly drainMs: number | null;
  readonly initTimeoutMs: number;
  /** Go back to `previous` instead of taking any file. */
  readonly rollback: boolean;
}

/** The requests of operators, by control socket and by signal, on one supervisor. */
export class SupervisorRequests {
  readonly #supervisor: SidecarSupervisor;
  readonly #readSpec: () => Promise<SidecarSpec>;
  #isStaging = false;
  #count = 0;

  constructor(supervisor: SidecarSupervisor, readSpec: () => Promise<SidecarSpec>) {
    this.#supervisor = supervisor;
    this.#readSpec = readSpec;
  }

  /**
   * Starts an upgrade and resolves to its report. `onEvent` hears every change of state.
   * Throws WEIR4005 when the sidecar is busy, WEIR4003 when a file is missing, WEIR4010 when there is no way back.
   */
  async upgrade(asked: UpgradeAsked, onEvent: (event: UpgradeProgressEvent) => void): Promise<UpgradeReport> {
    const supervisor = this.#supervisor;
    this.#refuseWhenBusy();
    this.#isStaging = true;
    let job: UpgradeJob;
    try {
      const spec = await this.#readSpec();
      const pair = asked.rollback ? await this.#previous() : await this.#stage(asked, spec);
      const serving = servingOf(supervisor.machine.state);
      if (serving?.pair === pair.id && !asked.force && !asked.dryRun) return this.#unchanged(pair);
      supervisor.spec = { ...spec, drainMs: asked.drainMs ?? spec.drainMs };
      const now = supervisor.host.nowMs();
      job = new UpgradeJob(`${Math.round(now)}-${++this.#count}`, now);
      job.to = upgradeSide(pair, serving === null ? null : { epoch: serving.epoch + 1 });
      job.listen(onEvent);
      supervisor.job = job;
      const request: UpgradeRequest = {
        id: job.id,
        pair: pair.id,
        initTimeoutMs: asked.initTimeoutMs,
        drainMs: supervisor.spec.drainMs,
        dryRun: asked.dryRun,
      };
      const before = supervisor.machine;
      supervisor.dispatch({ type: 'upgrade', request });
      if (supervisor.machine === before) {
        supervisor.job = null;
        throw this.#busy();
      }
    } finally {
      this.#isStaging = false;
    }
    return job.done;
  }

  /** Aborts the upgrade under way. Throws WEIR4013 when the hand-over has happened; resolves to whether one was there. */
  async abort(): Promise<{ aborted: boolean }> {
    const supervisor = this.#supervisor;
    const { job } = supervisor;
    const { state } = supervisor.machine;
    if (job === null) return { aborted: false };
    if (!['preflight', 'snapshot', 'spawned', 'initializing', 'aborting'].includes(state.name)) {
      throw new WeirError('WEIR4013', {
        what: `the upgrade of ${supervisor.spec.name} cannot be aborted any more`,
        why: `it is in ${state.name}: the new process has taken over and the old one cannot be brought back`,
        hint: `wait for it, then \`weir sidecar rollback ${supervisor.spec.name}\``,
      });
    }
    supervisor.dispatch({ type: 'abort' });
    await job.done;
    return { aborted: true };
  }

  /** Drains and stops every process; resolves when all have ended. */
  async stop(drainMs: number | null): Promise<void> {
    this.#supervisor.dispatch({ type: 'stop', drainMs: drainMs ?? this.#supervisor.spec.drainMs });
    await this.#supervisor.stopped;
  }

  /** Tells every living Envoy to reopen its logs (SIGUSR1). Resolves to how many were told. */
  async reopenLogs(): Promise<number> {
    const { host, spec } = this.#supervisor;
    const { found } = await host.findProcesses(spec);
    const told = await Promise.all(found.map(({ launch }) => host.signal(launch.generation.id, 'SIGUSR1')));
    return told.filter(Boolean).length;
  }

  async status(): Promise<SidecarStatus> {
    const supervisor = this.#supervisor;
    const { host, spec, machine, job } = supervisor;
    const serving = servingOf(machine.state);
    const [launch, pair, entries, active] = await Promise.all([
      serving === null ? null : host.launchOf(serving.id),
      serving === null ? null : host.pairs.read(serving.pair),
      host.journal.read(),
      serving === null ? 0 : host.activeConnections(spec, serving.id),
    ]);
    const isUnderWay = job !== null && 'upgrade' in machine.state;
    return {
      name: spec.name,
      state: statusWord(machine.state, supervisor.isFrozen) as SidecarStatus['state'],
      epoch: serving?.epoch ?? null,
      pid: launch?.pid ?? null,
      version: pair?.version ?? null,
      bootstrapSha256: pair?.bootstrapSha256 ?? null,
      managed: true,
      supervisorPid: process.pid,
      connections: { active },
      upgrade: isUnderWay
        ? {
            state: machine.state.name.toUpperCase(),
            secondsLeft: this.#secondsLeft(),
            connections: job.sample === null ? null : { old: job.sample.old, new: job.sample.new },
          }
        : null,
      last: lastUpgrade(entries),
    };
  }

  async #stage(asked: UpgradeAsked, spec: SidecarSpec): Promise<StoredPair> {
    return this.#supervisor.host.pairs.stage(asked.binary ?? spec.binary, asked.bootstrap ?? spec.bootstrap);
  }

  async #previous(): Promise<StoredPair> {
    const { machine, host, spec } = this.#supervisor;
    const pair = machine.previous === null ? null : await host.pairs.read(machine.previous);
    if (pair !== null) return pair;
    throw new WeirError('WEIR4010', {
      what: `${spec.name} has nothing to go back to`,
      why: 'no upgrade has settled yet, so there is no former pair of binary and bootstrap',
      hint: `use \`weir sidecar upgrade ${spec.name} --binary ... --bootstrap ...\` with the files that you want`,
    });
  }

  #unchanged(pair: StoredPair): UpgradeReport {
    const { machine, host } = this.#supervisor;
    const side = upgradeSide(pair, servingOf(machine.state));
    return {
      id: 'unchanged',
      at: new Date(host.nowMs()).toISOString(),
      outcome: 'unchanged',
      reason: 'binary and bootstrap are the ones that serve',
      from: side,
      to: side,
      states: [],
      connections: { drained: 0, cut: 0 },
      requests: { cut: 0 },
      drainedAtMs: null,
      notices: [],
      warnings: [],
    };
  }

  #refuseWhenBusy(): void {
    const { state } = this.#supervisor.machine;
    if (this.#isStaging || (state.name !== 'idle' && state.name !== 'down')) throw this.#busy();
  }

  #secondsLeft(): number | null {
    const { machine, host } = this.#supervisor;
    const { state } = machine;
    const end = 'drainEndMs' in state ? state.drainEndMs : nextTickMs(machine);
    return end === null ? null : Math.max(0, Math.round((end - host.nowMs()) / 100) / 10);
  }

  #busy(): WeirError {
    const { spec, machine } = this.#supervisor;
    const secondsLeft = this.#secondsLeft();
    const state = machine.state.name.toUpperCase();
    return new WeirError('WEIR4005', {
      what: `${spec.name} is busy: ${state}${secondsLeft === null ? '' : `, ${secondsLeft} s left at most`}`,
      why: 'one change at a time: an overlapping upgrade would end requests that still run',
      hint: `wait, or see \`weir sidecar status ${spec.name}\``,
      details: { state, secondsLeft },
    });
  }
}
