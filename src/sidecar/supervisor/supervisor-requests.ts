/** The requests of operators to a supervisor, by the control socket or by a signal. */
import { messageOf } from '../../errors/message-of.ts';
import { WeirError } from '../../errors/weir-error.ts';
import type { SidecarCheck } from '../../mesh/mesh-config.ts';
import type { KnownReadiness } from '../../platform/readiness.ts';
import { connectionsSeen } from '../connections-seen.ts';
import { UPGRADE_RISKS, type UpgradeRequest, type UpgradeRisk } from '../machine/sidecar-state.ts';
import { nextTickMs } from '../machine/step-sidecar.ts';
import { crashHistory, lastUpgrade } from '../machine/upgrade-history.ts';
import type { SidecarStatus, UpgradeReport } from '../machine/upgrade-report.ts';
import type { SidecarSpec, StoredPair } from '../ports.ts';
import { requireSha256 } from '../require-sha256.ts';
import { servingOf, statusWord } from './machine-view.ts';
import type { SidecarSupervisor } from './supervisor.ts';
import { secondsUntil, UpgradeJob, type UpgradeListener, upgradeSide } from './upgrade-job.ts';

/** States in which the old process still accepts, so that a rollback costs nothing. */
const ABORTABLE: ReadonlySet<string> = new Set(['preflight', 'snapshot', 'spawned', 'initializing', 'aborting']);

/** The request of `weir sidecar upgrade`. Paths are absolute; null takes the file that mesh.yaml names. */
export interface UpgradeAsked {
  readonly binary: string | null;
  readonly bootstrap: string | null;
  readonly dryRun: boolean;
  readonly force: boolean;
  readonly drainMs: number | null;
  readonly initTimeoutMs: number;
  /** Go back to `previous` instead of taking any file. */
  readonly rollback: boolean;
  /** With `rollback`: also while an upgrade is under way, whose drain ends then. */
  readonly now?: boolean;
  readonly accept?: readonly UpgradeRisk[];
  /** Null or not there: as mesh.yaml says. */
  readonly check?: SidecarCheck | null;
  readonly bakeMs?: number | null;
  readonly bakeBytes?: number | null;
  readonly spreadMs?: number | null;
  /** The requesting account and its reason, for the history. */
  readonly actor?: string;
  readonly note?: string | null;
}

/** The requests of operators, by control socket and by signal, on one supervisor. */
export class SupervisorRequests {
  readonly #supervisor: SidecarSupervisor;
  readonly #readSpec: () => Promise<SidecarSpec>;
  #isStaging = false;

  /** `readSpec` reads mesh.yaml anew. */
  constructor(supervisor: SidecarSupervisor, readSpec: () => Promise<SidecarSpec>) {
    this.#supervisor = supervisor;
    this.#readSpec = readSpec;
  }

  /** Whether an upgrade would be refused as busy now. */
  get isBusy(): boolean {
    const { state } = this.#supervisor.machine;
    return this.#isStaging || (state.name !== 'idle' && state.name !== 'down');
  }

  /**
   * Starts an upgrade and resolves to its report. `onEvent` hears every change of state. Throws WEIR4005 when the
   * sidecar is busy, WEIR4003 when a file is missing, WEIR4010 when no former pair exists, WEIR2005 when `gone` says
   * before its beginning that nobody asks for it any more.
   */
  async upgrade(asked: UpgradeAsked, onEvent: UpgradeListener, gone?: AbortSignal): Promise<UpgradeReport> {
    if (asked.rollback && asked.now === true && this.#supervisor.job !== null) return this.#goBack(asked, onEvent);
    if (this.isBusy) throw this.#busy();
    this.#isStaging = true;
    const begun = await this.#begin(asked, onEvent, gone).finally(() => {
      this.#isStaging = false;
    });
    return begun instanceof UpgradeJob ? begun.done : begun;
  }

  /** The job, or the report when there is nothing to do. */
  async #begin(asked: UpgradeAsked, onEvent: UpgradeListener, gone?: AbortSignal): Promise<UpgradeJob | UpgradeReport> {
    const supervisor = this.#supervisor;
    const spec = await this.#specFor(asked);
    const pair = asked.rollback ? await this.#previous() : await this.#stage(asked, spec);
    // The report of the upgrade before this one may still be on its way to the journal.
    await supervisor.carriedOut();
    if (gone?.aborted === true) throw givenUp();
    const serving = servingOf(supervisor.machine.state);
    const isSame = serving?.pair === pair.id && sameLaunch(supervisor.specs.of(serving.id), spec);
    if (isSame && !asked.force && !asked.dryRun) return this.#unchanged(pair);
    const { initTimeoutMs, dryRun } = asked;
    const drainMs = asked.drainMs ?? spec.drainMs;
    const request = { spec, pair: pair.id, initTimeoutMs, drainMs, dryRun, ...gateOf(asked, spec) };
    const job = supervisor.begin(request, pair, onEvent);
    if (job === null) throw this.#busy();
    job.note({ fact: 'asked', actor: asked.actor ?? null, note: asked.note ?? null });
    for (const warning of this.#warnings(asked, pair, serving !== null)) supervisor.warn(warning);
    return job;
  }

  /** The way back needs nothing of mesh.yaml: one that is broken or gone must not bar it. */
  async #specFor({ rollback }: UpgradeAsked): Promise<SidecarSpec> {
    if (!rollback) return this.#readSpec();
    return this.#readSpec().catch((error: unknown) => {
      this.#supervisor.warn(`going on with the settings of before: ${messageOf(error)}`);
      return this.#supervisor.specs.settled;
    });
  }

  /** Ends the upgrade under way by a rollback. Throws WEIR4005 when it is past the point where that is possible. */
  async #goBack(asked: UpgradeAsked, onEvent: UpgradeListener): Promise<UpgradeReport> {
    const supervisor = this.#supervisor;
    const { job } = supervisor;
    if (job === null) throw this.#busy();
    job.listen(onEvent);
    const who = asked.actor === undefined ? '' : ` by ${asked.actor}`;
    const why = asked.note === null || asked.note === undefined ? '' : `: ${asked.note}`;
    const isAbortable = ABORTABLE.has(supervisor.machine.state.name);
    const before = supervisor.machine;
    if (isAbortable) supervisor.dispatch({ type: 'abort' });
    else supervisor.dispatch({ type: 'go-back', reason: `rolled back${who}${why}` });
    if (supervisor.machine === before && !isAbortable) throw this.#busy();
    const report = await job.done;
    const isBack = report.outcome === 'rolled-back' || report.outcome === 'aborted';
    // A rollback is the good end for the operator who asked for it.
    return isBack ? { ...report, outcome: 'settled', from: report.to, to: report.from } : report;
  }

  /** Warnings for the operator about the chosen files. */
  #warnings(asked: UpgradeAsked, pair: StoredPair, isServed: boolean): string[] {
    if (asked.bootstrap === null || asked.binary !== null || !isServed) return [];
    return [`the binary that serves is kept (Envoy ${pair.version ?? '?'}): --bootstrap was given without --binary`];
  }

  /**
   * Aborts the upgrade under way. Throws WEIR4013 when the hand-over has happened, also when that turns out later.
   * Resolves to whether an upgrade was there, and whether an Envoy serves after it.
   */
  async abort(): Promise<{ aborted: boolean; served: boolean | null }> {
    const supervisor = this.#supervisor;
    const { job, name } = supervisor;
    const { state } = supervisor.machine;
    if (job === null) return { aborted: false, served: null };
    const tooLate = (where: string) =>
      new WeirError('WEIR4013', {
        what: `the upgrade of ${name} cannot be aborted any more`,
        why: `${where}: the new process has taken over and the old one cannot be brought back`,
        hint: `wait for it, then \`weir sidecar rollback ${name}\``,
      });
    if (!ABORTABLE.has(state.name)) throw tooLate(`it is in ${state.name}`);
    supervisor.dispatch({ type: 'abort' });
    const { outcome, served } = await job.done;
    if (outcome !== 'aborted') throw tooLate(`it has ended as ${outcome}`);
    return { aborted: true, served };
  }

  /** Drains and stops every process; resolves when all have ended. */
  async stop(drainMs: number | null): Promise<void> {
    this.#supervisor.dispatch({ type: 'stop', drainMs: drainMs ?? this.#supervisor.specs.settled.drainMs });
    await this.#supervisor.stopped;
  }

  /** Tells every living Envoy to reopen its logs (SIGUSR1). Resolves to how many were told. */
  async reopenLogs(): Promise<number> {
    const { host, specs } = this.#supervisor;
    const { found } = await host.findProcesses(specs.settled);
    const told = await Promise.all(found.map(({ launch }) => host.signal(launch.generation.id, 'SIGUSR1')));
    return told.filter(Boolean).length;
  }

  async status(): Promise<SidecarStatus> {
    const supervisor = this.#supervisor;
    await supervisor.asked();
    const { name, host, specs, machine, job, readiness, pid: supervisorPid } = supervisor;
    const serving = servingOf(machine.state);
    // All of it is of one moment: what is read from disk takes a while, in which the upgrade may go on or end.
    const secondsLeft = this.#secondsLeft();
    const sample = job?.draft.sample ?? null;
    const isUnderWay = job !== null && 'upgrade' in machine.state;
    const [launch, pair, { entries }, active] = await Promise.all([
      serving === null ? null : host.launchOf(serving.id),
      serving === null ? null : host.pairs.read(serving.pair),
      host.journal.read(),
      serving === null ? 0 : connectionsSeen(host, specs.of(serving.id), serving.id),
    ]);
    return {
      name,
      state: statusWord(machine, readiness),
      detail: detailOf(readiness),
      epoch: serving?.epoch ?? null,
      pid: launch?.pid ?? null,
      version: pair?.version ?? null,
      bootstrapSha256: pair?.bootstrapSha256 ?? null,
      managed: true,
      supervisorPid,
      connections: { active },
      upgrade: isUnderWay
        ? {
            state: machine.state.name.toUpperCase(),
            secondsLeft,
            connections: sample === null ? null : { old: sample.old, new: sample.new },
          }
        : null,
      crash: crashHistory(entries).at(-1) ?? null,
      last: lastUpgrade(entries),
    };
  }

  async #stage(asked: UpgradeAsked, spec: SidecarSpec): Promise<StoredPair> {
    const { host, machine } = this.#supervisor;
    const serving = servingOf(machine.state);
    // A bootstrap alone is for the binary that serves, which may not be that of mesh.yaml any more.
    const isKept = asked.bootstrap !== null && asked.binary === null && serving !== null;
    const kept = isKept ? ((await host.pairs.read(serving.pair))?.binary ?? null) : null;
    const pair = await host.pairs.stage(asked.binary ?? kept ?? spec.binary, asked.bootstrap ?? spec.bootstrap);
    if (asked.binary === null && kept === null) requireSha256(spec, pair);
    return pair;
  }

  async #previous(): Promise<StoredPair> {
    const { machine, host, name } = this.#supervisor;
    const pair = machine.previous === null ? null : await host.pairs.read(machine.previous);
    if (pair !== null) return pair;
    throw new WeirError('WEIR4010', {
      what: `${name} has nothing to go back to`,
      why: 'no upgrade has settled yet, so there is no former pair of binary and bootstrap',
      hint: `use \`weir sidecar upgrade ${name} --binary ... --bootstrap ...\` with the files that you want`,
    });
  }

  #unchanged(pair: StoredPair): UpgradeReport {
    const { machine, clock } = this.#supervisor;
    const side = upgradeSide(pair, servingOf(machine.state));
    return {
      id: 'unchanged',
      at: new Date(clock.now()).toISOString(),
      outcome: 'unchanged',
      reason: 'binary and bootstrap are the ones that serve',
      dryRun: false,
      served: true,
      actor: null,
      note: null,
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

  #secondsLeft(): number | null {
    const { machine, clock } = this.#supervisor;
    const end = 'drainEndMs' in machine.state ? machine.state.drainEndMs : nextTickMs(machine);
    return end === null ? null : secondsUntil(end, clock);
  }

  #busy(): WeirError {
    const { name, machine } = this.#supervisor;
    const secondsLeft = this.#secondsLeft();
    const state = machine.state.name.toUpperCase();
    // The files of an upgrade are stored and checked before the machine hears of it.
    const doing = this.#isStaging ? 'an upgrade is being prepared' : state;
    return new WeirError('WEIR4005', {
      what: `${name} is busy: ${doing}${secondsLeft === null ? '' : `, ${secondsLeft} s left at most`}`,
      why: 'one change at a time: an overlapping upgrade would end requests that still run',
      hint: `wait, or see \`weir sidecar status ${name}\``,
      details: { state, secondsLeft },
    });
  }
}

function givenUp(): WeirError {
  return new WeirError('WEIR2005', {
    what: 'the upgrade was not begun',
    why: 'whoever asked for it went away before its files were stored',
    hint: 'ask for it again',
  });
}

/** The gate of an upgrade. A rollback has none: it goes to what has served before, whatever that lacks. */
function gateOf(
  { rollback, accept = [], check = null, bakeMs = null, bakeBytes = null, spreadMs = null }: UpgradeAsked,
  spec: SidecarSpec,
): Pick<UpgradeRequest, 'accept' | 'check' | 'bakeMs' | 'bakeBytes' | 'spreadMs'> {
  const spread = { spreadMs: spreadMs ?? spec.spreadMs };
  if (rollback) return { ...spread, accept: UPGRADE_RISKS, check: null, bakeMs: 0, bakeBytes: null };
  const bake = { bakeMs: bakeMs ?? spec.bakeMs, bakeBytes: bakeBytes ?? spec.bakeBytes };
  return { ...spread, ...bake, accept, check: check ?? spec.check };
}

/** Whether two entries of mesh.yaml start the same binary in the same way. */
function sameLaunch(a: SidecarSpec, b: SidecarSpec): boolean {
  const launch = ({ args, env, capabilities }: SidecarSpec) => JSON.stringify([args, env, capabilities]);
  return launch(a) === launch(b);
}

function detailOf(readiness: KnownReadiness | null): string | null {
  if (readiness === null) return 'its supervisor has not been able to ask it whether it is ready';
  return readiness.state === 'ready' ? null : readiness.detail;
}
