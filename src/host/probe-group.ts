import { setTimeout as sleep } from 'node:timers/promises';
import { WeirError } from '../errors/weir-error.ts';
import type { Endpoint, ProbeOutcome, ProbeRequest, TrackedFlow } from '../usecases/ports.ts';
import { inTurns } from './in-turns.ts';
import { makeProbeCgroup, type ProbeCgroup } from './probe-cgroup.ts';
import { type ProbeProcess, startProbeProcess } from './probe-process.ts';
import type { ProbeEvent } from './probe-protocol.ts';

/** One requested probe and what is known of it so far. */
export interface ProbeTrial {
  readonly id: number;
  readonly request: ProbeRequest;
  /** Its last SYN. */
  sent: { readonly source: Endpoint; readonly destination: Endpoint } | null;
  accepted: { readonly ms: number } | null;
  /** Refused, or not answered in time. */
  refusal: { readonly why: string; readonly ms: number } | null;
  /** Null as long as it is not decided, or cannot be without listening to conntrack. */
  outcome: ProbeOutcome | null;
}

/** How long a connection may take to be accepted. */
const CONNECT_TIMEOUT_MS = 2000;

/** How long the child may take to report its first connection, on a machine that has much else to do. */
const START_TIMEOUT_MS = 10_000;

/** How often conntrack is asked about connections that are still under way. */
const POLL_MS = 25;

/** How many connections conntrack is asked about at once. */
const LOOK_UPS_AT_ONCE = 8;

/** Makes the probes of one account by one child, and decides each as soon as conntrack knows. */
export class ProbeGroup {
  readonly #trials: readonly ProbeTrial[];
  readonly #lookUp: (source: Endpoint, destination: Endpoint) => Promise<TrackedFlow | null>;
  #wake: () => void = () => {};
  #hasNews = false;

  constructor(
    trials: readonly ProbeTrial[],
    lookUp: (source: Endpoint, destination: Endpoint) => Promise<TrackedFlow | null>,
  ) {
    this.#trials = trials;
    this.#lookUp = lookUp;
  }

  /** Resolves when each trial has its outcome, or was refused without a trace. Rejects when conntrack cannot be asked. */
  async run(): Promise<void> {
    const as = this.#trials[0]?.request.as;
    if (as === undefined) return;
    for (const trial of this.#trials) Object.assign(trial, { sent: null, accepted: null, refusal: null });
    let cgroup: ProbeCgroup | null = null;
    let child: ProbeProcess | null = null;
    try {
      cgroup = as.cgroup === null ? null : await makeProbeCgroup(as.cgroup);
      const targets = this.#trials.map(({ id, request: { port, addresses } }) => ({ id, port, addresses }));
      const orders = {
        uid: as.uid,
        gid: as.gid,
        cgroup: cgroup?.folder ?? null,
        targets,
        timeoutMs: CONNECT_TIMEOUT_MS,
      };
      child = startProbeProcess(orders, (event) => this.#take(event));
      await Promise.race([this.#decideAll(), child.ended]);
    } catch (error) {
      // That conntrack cannot be asked is the command's failure; all else is this account's alone.
      if (error instanceof WeirError) throw error;
      this.#giveUp(error instanceof Error ? error.message : String(error));
    } finally {
      child?.stop();
      await child?.ended.catch(() => {});
      await cgroup?.remove();
    }
  }

  #take(event: ProbeEvent): void {
    if (event.event === 'impossible') this.#giveUp(event.why);
    else {
      const trial = this.#trials.find((one) => one.id === event.id);
      if (trial !== undefined) note(trial, event);
    }
    this.#hasNews = true;
    this.#wake();
  }

  #giveUp(why: string): void {
    for (const trial of this.#trials) trial.outcome ??= { kind: 'impossible', why };
  }

  async #decideAll(): Promise<void> {
    const started = performance.now();
    for (;;) {
      this.#hasNews = false;
      await inTurns(this.#trials, LOOK_UPS_AT_ONCE, (trial) => this.#decide(trial));
      // What was reported meanwhile has to be looked at before anything is concluded.
      if (this.#hasNews) continue;
      const open = this.#trials.filter((trial) => trial.outcome === null && trial.refusal === null);
      if (open.length === 0) return;
      const ms = performance.now() - started;
      if (ms > START_TIMEOUT_MS + CONNECT_TIMEOUT_MS) {
        return this.#giveUp(`the probe did not report within ${Math.round(ms)} ms`);
      }
      const isUnderWay = open.some((trial) => trial.sent !== null);
      await Promise.race([
        this.#nextEvent(),
        sleep(isUnderWay ? POLL_MS : START_TIMEOUT_MS, undefined, { ref: false }),
      ]);
    }
  }

  #nextEvent(): Promise<void> {
    return new Promise((resolve) => {
      this.#wake = resolve;
    });
  }

  async #decide(trial: ProbeTrial): Promise<void> {
    const { sent, accepted, refusal } = trial;
    if (trial.outcome !== null || sent === null) return;
    const flow = await this.#lookUp(sent.source, sent.destination);
    const outcome = flow === null ? null : outcomeOf(flow, accepted !== null, (accepted ?? refusal)?.ms ?? 0);
    if (outcome?.kind === 'direct') trial.outcome = outcome;
    else if (outcome !== null) trial.outcome = accepted !== null || refusal !== null ? outcome : null;
    // Without an entry, a refusal may have been a redirect all the same; an acceptance or two seconds of silence were none,
    // because a redirect takes an entry, and keeps it until it is answered.
    else if (accepted !== null || (refusal !== null && refusal.why !== 'ECONNREFUSED')) {
      trial.outcome = { kind: 'direct', destination: sent.destination };
    }
  }
}

function note(trial: ProbeTrial, event: Exclude<ProbeEvent, { event: 'impossible' }>): void {
  if (event.event === 'sent') {
    trial.sent = { source: event.source, destination: event.destination };
  } else if (event.event === 'accepted') trial.accepted = { ms: event.ms };
  else if (trial.sent === null) trial.outcome = { kind: 'impossible', why: event.why };
  else trial.refusal = { why: event.why, ms: event.ms };
}

/** What conntrack says of a connection: redirected when somebody else answers than the one who was asked. */
export function outcomeOf(flow: TrackedFlow, accepted: boolean, ms: number): ProbeOutcome {
  const { mark, originalDestination: destination, answeredBy } = flow;
  const isRedirected = answeredBy.address !== destination.address || answeredBy.port !== destination.port;
  return isRedirected
    ? { kind: 'redirected', mark, destination, answeredBy, accepted, ms }
    : { kind: 'direct', destination };
}
