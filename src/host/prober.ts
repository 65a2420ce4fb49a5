import { setTimeout as sleep } from 'node:timers/promises';
import type { Prober, TrackedFlow } from '../usecases/ports.ts';
import { listenToConntrack } from './conntrack-events.ts';
import { runTool } from './exec.ts';
import { type ForgettableProbe, forgetFlows, lookUpFlows, probeKey } from './probe-flows.ts';
import { ProbeRound } from './probe-round.ts';
import { newTrials, outcomeOf, type ProbeTrial } from './probe-trial.ts';

/** How often a refused connection is repeated until conntrack's events were heard in time. */
const LISTENED_ATTEMPTS = 3;

/** How long after a connection was refused its event may still come, in milliseconds. */
const EVENT_GRACE_MS = 100;

/** The `Prober` port: one child for all accounts and one for each cgroup, verdicts from conntrack, nothing left behind. */
export function createProber(run: typeof runTool = runTool): Prober {
  return {
    async probe(requests) {
      const trials = newTrials(requests);
      const sent: ForgettableProbe[] = [];
      const makeRound = async (round: readonly ProbeTrial[]): Promise<void> => {
        try {
          await new ProbeRound(round, (probes) => lookUpFlows(run, probes)).run();
        } finally {
          for (const trial of round)
            if (trial.sent !== null) sent.push({ ...trial.sent, mark: trial.flow?.mark ?? null });
        }
      };
      try {
        await makeRound(trials);
        await repeatListening(
          trials.filter((trial) => trial.outcome === null),
          makeRound,
        );
        return trials.map((trial) => trial.outcome ?? { kind: 'impossible', why: 'the probe came to no end' });
      } finally {
        // Only now: probes of two accounts to one address share what is deleted here.
        await forgetFlows(run, sent);
      }
    },
  };
}

/**
 * Connections that were refused before conntrack could be asked: redirected to a port where nobody listens, or refused
 * by somebody on the way. They are made again while conntrack's events are listened to.
 */
async function repeatListening(
  unclear: readonly ProbeTrial[],
  makeRound: (round: readonly ProbeTrial[]) => Promise<void>,
): Promise<void> {
  if (unclear.length === 0) return;
  const places = unclear.flatMap(({ sent }) => sent?.destination ?? []);
  const families = Map.groupBy(places, ({ address }) => address.includes(':')).values();
  const listeners = [...families].map((family) => listenToConntrack(family));
  try {
    for (let attempt = 0; attempt < LISTENED_ATTEMPTS; attempt += 1) {
      const left = unclear.filter((trial) => trial.outcome === null);
      if (left.length === 0) return;
      await makeRound(left);
      await sleep(EVENT_GRACE_MS);
      const heard = listeners.flatMap((events) => events.flows());
      judgeHeard(left, heard);
    }
  } finally {
    for (const events of listeners) events.stop();
  }
  // Nothing was heard of it: connections are not tracked here, so they are not redirected either.
  for (const trial of unclear) {
    if (trial.outcome === null && trial.sent !== null) {
      trial.outcome = { kind: 'direct', destination: trial.sent.destination };
    }
  }
}

function judgeHeard(trials: readonly ProbeTrial[], heard: readonly TrackedFlow[]): void {
  const flows = new Map(
    heard.map((flow) => [probeKey({ source: flow.source, destination: flow.originalDestination }), flow]),
  );
  for (const trial of trials) {
    const flow = trial.sent === null ? undefined : flows.get(probeKey(trial.sent));
    if (flow !== undefined) trial.outcome ??= outcomeOf(flow, false, trial.refusal?.ms ?? 0);
  }
}
