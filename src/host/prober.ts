import { setTimeout as sleep } from 'node:timers/promises';
import type { Endpoint, Prober, TrackedFlow } from '../usecases/ports.ts';
import { type ConntrackEvents, listenToConntrack } from './conntrack-events.ts';
import { parseConntrackFlows } from './conntrack-output.ts';
import { runTool } from './exec.ts';
import { inTurns } from './in-turns.ts';
import { isDocumentationAddress } from './probe-addresses.ts';
import { outcomeOf, ProbeGroup, type ProbeTrial } from './probe-group.ts';
import { runConntrack } from './run-conntrack.ts';

/** How many children are at work at once: each is a Node of its own, some 40 ms of processor time. */
const GROUPS_AT_ONCE = 4;

/** How many `conntrack` tidy up at once. */
const TOOLS_AT_ONCE = 8;

/** How often a refused connection is repeated until conntrack's events were heard in time. */
const LISTENED_ATTEMPTS = 3;

/** How long after a connection was refused its event may still come, in milliseconds. */
const EVENT_GRACE_MS = 100;

/** The `Prober` port: one child for each account, verdicts from conntrack, nothing left behind. */
export function createProber(run: typeof runTool = runTool): Prober {
  return {
    async probe(requests) {
      const trials = requests.map(
        (request, id): ProbeTrial => ({ id, request, sent: null, accepted: null, refusal: null, outcome: null }),
      );
      const sent: { source: Endpoint; destination: Endpoint }[] = [];
      const lookUp = (source: Endpoint, destination: Endpoint) => lookUpFlow(run, source, destination);
      const runGroup = async (group: readonly ProbeTrial[]): Promise<void> => {
        await new ProbeGroup(group, lookUp).run();
        for (const trial of group) if (trial.sent !== null) sent.push(trial.sent);
      };
      try {
        await inTurns(groupsOf(trials), GROUPS_AT_ONCE, runGroup);
        const unclear = trials.filter((trial) => trial.outcome === null);
        await inTurns(groupsOf(unclear), GROUPS_AT_ONCE, (group) => repeatListening(group, runGroup));
        return trials.map((trial) => trial.outcome ?? { kind: 'impossible', why: 'the probe came to no end' });
      } finally {
        // Only now: probes of two accounts to one address share what is deleted here.
        await inTurns(sent, TOOLS_AT_ONCE, ({ source, destination }) => forgetFlow(run, source, destination));
      }
    },
  };
}

/** Trials of the same account, which one child can make. */
function groupsOf(trials: readonly ProbeTrial[]): ProbeTrial[][] {
  const groups = new Map<string, ProbeTrial[]>();
  for (const trial of trials) {
    const { uid, gid, cgroup } = trial.request.as;
    const key = JSON.stringify([uid, gid, cgroup]);
    groups.set(key, [...(groups.get(key) ?? []), trial]);
  }
  return [...groups.values()];
}

/**
 * Connections that were refused before conntrack could be asked: redirected to a port where nobody listens, or refused
 * by somebody on the way. They are made again while conntrack's events are listened to.
 */
async function repeatListening(
  group: readonly ProbeTrial[],
  runGroup: (group: readonly ProbeTrial[]) => Promise<void>,
): Promise<void> {
  const listeners = new Map<ProbeTrial, ConntrackEvents>();
  for (const trial of group) {
    const { destination } = trial.sent ?? {};
    if (destination !== undefined) listeners.set(trial, listenToConntrack(destination.address, destination.port));
  }
  try {
    for (let attempt = 0; attempt < LISTENED_ATTEMPTS; attempt += 1) {
      const left = group.filter((trial) => trial.outcome === null);
      if (left.length === 0) return;
      await runGroup(left);
      await sleep(EVENT_GRACE_MS);
      for (const trial of left) judgeHeard(trial, listeners.get(trial)?.flows() ?? []);
    }
  } finally {
    for (const events of listeners.values()) events.stop();
  }
  // Nothing was heard of it: connections are not tracked here, so they are not redirected either.
  for (const trial of group) {
    if (trial.outcome === null && trial.sent !== null) {
      trial.outcome = { kind: 'direct', destination: trial.sent.destination };
    }
  }
}

function judgeHeard(trial: ProbeTrial, flows: readonly TrackedFlow[]): void {
  const { sent, refusal } = trial;
  const flow = flows.find(({ source }) => source.port === sent?.source.port && source.address === sent.source.address);
  if (flow === undefined || sent === null || trial.outcome !== null) return;
  trial.outcome = outcomeOf(flow, false, refusal?.ms ?? 0);
}

async function lookUpFlow(run: typeof runTool, source: Endpoint, destination: Endpoint): Promise<TrackedFlow | null> {
  const flows = parseConntrackFlows(await runConntrack(run, ['-L', ...flowFilter(destination)]));
  return flows.find((flow) => flow.source.port === source.port && flow.source.address === source.address) ?? null;
}

async function forgetFlow(run: typeof runTool, source: Endpoint, destination: Endpoint): Promise<void> {
  // A sidecar may have set out for the same place; where that place is nobody's, its attempt goes with the probe's.
  const own = ['--orig-src', source.address, '--orig-port-src', String(source.port)];
  const filter = [...flowFilter(destination), ...(isDocumentationAddress(destination.address) ? [] : own)];
  // What stays ends by itself within two minutes: not worth an error.
  await runConntrack(run, ['-D', ...filter]).catch(() => {});
}

function flowFilter({ address, port }: Endpoint): string[] {
  const family = address.includes(':') ? 'ipv6' : 'ipv4';
  return ['-p', 'tcp', '-f', family, '--orig-dst', address, '--orig-port-dst', String(port)];
}
