/** The Prober port: probes by child processes, verdicts from conntrack. */
import { setTimeout as sleep } from 'node:timers/promises';
import { runTool } from '../../../platform/exec.ts';
import type { Prober, TrackedFlow } from '../../ports.ts';
import { listenToConntrack } from '../connections/conntrack-events.ts';
import { type ForgettableProbe, forgetFlows, lookUpFlows, probeKey } from './probe-flows.ts';
import { type ProbeProcess, startProbeProcess } from './probe-process.ts';
import { ProbeRound } from './probe-round.ts';
import { judgeFlow, newTrials, outcomeOf, type ProbeTrial, type SentProbe } from './probe-trial.ts';
import { lookUpTransparent } from './transparent-probes.ts';

/** How often a refused connection is repeated until conntrack's events were heard in time. */
const LISTENED_ATTEMPTS = 3;

/** How long after a connection was refused its event may still come, in milliseconds. */
const EVENT_GRACE_MS = 100;

/** The `Prober` port: one child for all accounts and one for each cgroup, verdicts from conntrack, nothing left behind. */
export function createProber(run: typeof runTool = runTool, start: () => ProbeProcess = startProbeProcess): Prober {
  let spare: ProbeProcess | null = null;
  const takeChild = (): ProbeProcess => {
    const child = spare ?? start();
    spare = null;
    return child;
  };
  return {
    prepare() {
      spare ??= start();
    },
    async probe(requests) {
      const trials = newTrials(requests);
      const sent: ForgettableProbe[] = [];
      const makeRound = async (round: readonly ProbeTrial[]): Promise<void> => {
        try {
          await new ProbeRound(round, (probes) => lookUpProbes(run, round, probes), takeChild).run();
        } finally {
          for (const trial of round)
            if (trial.sent !== null && trial.request.mode === 'redirect')
              sent.push({ ...trial.sent, mark: trial.flow?.mark ?? null });
        }
      };
      try {
        await makeRound(trials);
        await repeatUnanswered(
          trials.filter((trial) => trial.isUnanswered),
          makeRound,
        );
        await repeatListening(
          trials.filter((trial) => trial.outcome === null),
          makeRound,
        );
        return trials.map((trial) => trial.outcome ?? { kind: 'impossible', why: 'the probe came to no end' });
      } finally {
        // Entries are deleted only now, because probes of two accounts to one address share them.
        spare?.stop();
        spare = null;
        await forgetFlows(run, sent);
      }
    },
  };
}

/** Asks conntrack about redirected probes, and the memory of transparent proxying about the others. */
async function lookUpProbes(
  run: typeof runTool,
  round: readonly ProbeTrial[],
  probes: readonly SentProbe[],
): Promise<ReadonlyMap<string, TrackedFlow>> {
  const transparent = new Set(
    round.flatMap(({ sent, request }) => (sent !== null && request.mode === 'tproxy' ? [probeKey(sent)] : [])),
  );
  const isTransparent = (probe: SentProbe): boolean => transparent.has(probeKey(probe));
  const [tracked, remembered] = await Promise.all([
    lookUpFlows(
      run,
      probes.filter((probe) => !isTransparent(probe)),
    ),
    lookUpTransparent(run, probes.filter(isTransparent)),
  ]);
  return new Map([...tracked, ...remembered]);
}

/** So many are made again side by side, within seconds; more of them are no hiccup, and the rules on trial must not end. */
const REPEATED_AT_MOST = 100;

/** Makes connections that nobody answered in time once more; now silence decides. */
async function repeatUnanswered(
  unanswered: readonly ProbeTrial[],
  makeRound: (round: readonly ProbeTrial[]) => Promise<void>,
): Promise<void> {
  if (unanswered.length === 0) return;
  for (const trial of unanswered) trial.isLastTry = true;
  if (unanswered.length <= REPEATED_AT_MOST) return makeRound(unanswered);
  for (const trial of unanswered) judgeFlow(trial);
}

/**
 * Repeats connections that were refused before conntrack could be asked, and listens to conntrack's events meanwhile.
 * The refusal came from a redirect to a port where nobody listens, or from a host on the way.
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
  // Without an event, connections are not tracked here, so they are not redirected either.
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
    if (flow !== undefined) trial.outcome ??= outcomeOf(flow, false, trial.refusal?.ms ?? 0, trial.refusal?.why);
  }
}
