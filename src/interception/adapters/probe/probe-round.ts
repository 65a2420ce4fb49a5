/** One round of probes: children at work, conntrack asked, trials decided. */
import { setImmediate as nextTurn, setTimeout as sleep } from 'node:timers/promises';
import { messageOf } from '../../../errors/message-of.ts';
import type { TrackedFlow } from '../../ports.ts';
import { inTurns } from './in-turns.ts';
import { makeProbeCgroup, type ProbeCgroup } from './probe-cgroup.ts';
import { probeKey } from './probe-flows.ts';
import type { ProbeProcess } from './probe-process.ts';
import type { ProbeEvent, ProbeOrders } from './probe-protocol.ts';
import { isOpen, noteEvent, noteFlow, type ProbeTrial, resetTrial, type SentProbe } from './probe-trial.ts';

/** How many children are at work at once: each is a Node of its own, some 40 ms of processor time. */
const CHILDREN_AT_ONCE = 4;

/** How many connections of a child are under way at once. */
const CONNECTIONS_AT_ONCE = 200;

/** How long a connection may take to be accepted. */
const CONNECT_TIMEOUT_MS = 2000;

/** How long a child may be silent while something of it is open, on a machine that has much else to do. */
const SILENCE_MS = 12_000;

/** The pause before conntrack is asked after the first report, so that one listing answers for several probes. */
const GATHER_MS = 8;

/** How often conntrack is asked about connections that it does not know yet. */
const POLL_MS = 25;

/** Asks conntrack about many probes at once; the answer is by `probeKey`. */
export type LookUpFlows = (probes: readonly SentProbe[]) => Promise<ReadonlyMap<string, TrackedFlow>>;

/** Makes probes, all that need no cgroup by one child, and decides each as soon as conntrack knows. */
export class ProbeRound {
  readonly #trials: readonly ProbeTrial[];
  readonly #byId: ReadonlyMap<number, ProbeTrial>;
  readonly #lookUp: LookUpFlows;
  readonly #start: () => ProbeProcess;
  readonly #children = new Set<ProbeProcess>();
  #news = Promise.withResolvers<void>();
  readonly #over = Promise.withResolvers<void>();
  #isOver = false;

  constructor(trials: readonly ProbeTrial[], lookUp: LookUpFlows, start: () => ProbeProcess) {
    this.#trials = trials;
    this.#byId = new Map(trials.map((trial) => [trial.id, trial]));
    this.#lookUp = lookUp;
    this.#start = start;
  }

  /** Resolves when no trial is open. Rejects when conntrack cannot be asked: that is the command's failure, not a probe's. */
  async run(): Promise<void> {
    for (const trial of this.#trials) resetTrial(trial);
    const children = inTurns(groupsOf(this.#trials), CHILDREN_AT_ONCE, (group) => this.#runChild(group));
    const watch = this.#askConntrack();
    try {
      await Promise.race([children, watch]);
    } finally {
      this.#isOver = true;
      this.#over.resolve();
      this.#announce();
      await Promise.allSettled([children, watch]);
    }
  }

  async #runChild(group: readonly ProbeTrial[]): Promise<void> {
    if (this.#isOver) return;
    const slice = group[0]?.request.as.cgroup ?? null;
    let cgroup: ProbeCgroup | null = null;
    let child: ProbeProcess | null = null;
    let heardAt = performance.now();
    const take = (event: ProbeEvent): void => {
      heardAt = performance.now();
      const trial = this.#byId.get(event.id);
      if (trial !== undefined) noteEvent(trial, event);
      this.#announce();
    };
    try {
      cgroup = slice === null ? null : await makeProbeCgroup(slice);
      child = this.#start();
      child.begin(ordersFor(group, cgroup), take);
      this.#children.add(child);
      await Promise.race([this.#allDecided(group, () => performance.now() - heardAt > SILENCE_MS), child.ended]);
    } catch (error) {
      giveUp(group, messageOf(error));
    } finally {
      if (child !== null) this.#children.delete(child);
      child?.stop();
      await child?.ended.catch(() => {});
      await cgroup?.remove();
    }
  }

  async #allDecided(group: readonly ProbeTrial[], isSilent: () => boolean): Promise<void> {
    while (!this.#isOver && group.some(isOpen)) {
      // It may be this process that was stopped: what the child has said meanwhile is read in the next turn.
      if (isSilent()) await nextTurn();
      if (isSilent()) return giveUp(group, `the probe did not report within ${SILENCE_MS} ms`);
      await this.#nextNews(SILENCE_MS / 4);
    }
  }

  async #askConntrack(): Promise<void> {
    while (!this.#isOver) {
      const asked = this.#trials.filter((trial) => trial.sent !== null && trial.flow === null && isOpen(trial));
      if (asked.length === 0) {
        await this.#nextNews(SILENCE_MS);
        await Promise.race([this.#over.promise, sleep(GATHER_MS)]);
        continue;
      }
      // Only events from before the question allow conclusions from conntrack's answer.
      const known = asked.map(({ sent, accepted, refusal }) => ({ sent, accepted, refusal }));
      const began = performance.now();
      const flows = await this.#lookUp(known.flatMap(({ sent }) => sent ?? []));
      const took = performance.now() - began;
      for (const [index, trial] of asked.entries()) {
        const { sent, accepted = null, refusal = null } = known[index] ?? {};
        if (sent) noteFlow(trial, flows.get(probeKey(sent)) ?? null, { accepted, refusal });
      }
      const decided = asked.filter((trial) => !isOpen(trial)).map(({ id }) => id);
      for (const child of this.#children) if (decided.length > 0) child.release(decided);
      this.#announce();
      // The pause grows with the answer time, so that at most half of the time is spent on asking conntrack.
      await Promise.race([this.#over.promise, sleep(Math.max(GATHER_MS, took), undefined, { ref: false })]);
      if (asked.every((trial) => isOpen(trial) && trial.flow === null)) await this.#nextNews(POLL_MS);
    }
  }

  #announce(): void {
    this.#news.resolve();
    this.#news = Promise.withResolvers();
  }

  /** Resolves at the next event, answer or end; after this time at the latest. */
  async #nextNews(timeoutMs: number): Promise<void> {
    const timer = new AbortController();
    try {
      await Promise.race([this.#news.promise, sleep(timeoutMs, undefined, { signal: timer.signal })]);
    } finally {
      timer.abort();
    }
  }
}

/** Trials that one child can make: all without a cgroup, and those of each cgroup. */
function groupsOf(trials: readonly ProbeTrial[]): ProbeTrial[][] {
  return [...Map.groupBy(trials, ({ request }) => request.as.cgroup).values()];
}

function ordersFor(group: readonly ProbeTrial[], cgroup: ProbeCgroup | null): ProbeOrders {
  const targets = group.map(({ id, request: { as, port, addresses } }) => {
    return { id, uid: as.uid, gid: as.gid, port, addresses };
  });
  return {
    cgroup: cgroup?.folder ?? null,
    targets,
    timeoutMs: CONNECT_TIMEOUT_MS,
    atOnce: CONNECTIONS_AT_ONCE,
  };
}

function giveUp(group: readonly ProbeTrial[], why: string): void {
  for (const trial of group) if (isOpen(trial)) trial.outcome = { kind: 'impossible', why };
}
