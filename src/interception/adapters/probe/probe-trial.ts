/** The record of one probe, and the rules that decide it. */
import type { ProbeOutcome, ProbeRequest, TcpEndpoint, TrackedFlow } from '../../ports.ts';
import { NO_ANSWER, type ProbeEvent } from './probe-protocol.ts';

/** One requested probe and what is known of it so far. */
export interface ProbeTrial {
  readonly id: number;
  readonly request: ProbeRequest;
  /** Its last SYN. */
  sent: SentProbe | null;
  /** The conntrack entry of that SYN; its mark and its mapping never change. */
  flow: TrackedFlow | null;
  accepted: { readonly ms: number } | null;
  /** Refused, or not answered in time. */
  refusal: { readonly why: string; readonly ms: number } | null;
  /** Refused, and without an entry in conntrack afterwards: only a listener learns whether it was redirected. */
  isUntraced: boolean;
  /** Redirected, and neither accepted nor refused in time: it may be the machine that was slow. */
  isUnanswered: boolean;
  /** Whether silence decides it: it has had its second time. */
  isLastTry: boolean;
  outcome: ProbeOutcome | null;
}

/** The source and the destination of a probe. */
export interface SentProbe {
  readonly source: TcpEndpoint;
  readonly destination: TcpEndpoint;
}

/** Requests about which nothing is known yet. */
export function newTrials(requests: readonly ProbeRequest[]): ProbeTrial[] {
  return requests.map((request, id) => ({ id, request, outcome: null, isLastTry: false, ...NOTHING_KNOWN }));
}

/** Forgets what was seen of the connection, because it is about to be made again. */
export function resetTrial(trial: ProbeTrial): void {
  Object.assign(trial, NOTHING_KNOWN);
}

const NOTHING_KNOWN = {
  ...{ sent: null, flow: null, accepted: null, refusal: null },
  ...{ isUntraced: false, isUnanswered: false },
} as const;

/** Whether a trial still waits for its child or for conntrack. */
export function isOpen({ outcome, isUntraced, isUnanswered }: ProbeTrial): boolean {
  return outcome === null && !isUntraced && !isUnanswered;
}

/** Records the child's report; decides the trial if that is enough. */
export function noteEvent(trial: ProbeTrial, event: ProbeEvent): void {
  if (event.event === 'impossible') trial.outcome ??= { kind: 'impossible', why: event.why };
  else if (event.event === 'sent') trial.sent = { source: event.source, destination: event.destination };
  else if (event.event === 'accepted') trial.accepted = { ms: event.ms };
  else if (trial.sent === null) trial.outcome ??= { kind: 'impossible', why: event.why };
  else trial.refusal = { why: event.why, ms: event.ms };
  judgeFlow(trial);
}

/**
 * Records that conntrack has this flow for the trial, or null for none although `known` had happened before the
 * question. Decides the trial if that is enough.
 */
export function noteFlow(
  trial: ProbeTrial,
  flow: TrackedFlow | null,
  known: Pick<ProbeTrial, 'accepted' | 'refusal'>,
): void {
  trial.flow = flow;
  // The memory of transparent proxying is written before the SYN leaves: what is not in it went direct.
  if (flow === null && trial.request.mode === 'tproxy' && trial.sent !== null)
    trial.outcome ??= { kind: 'direct', destination: trial.sent.destination };
  if (flow !== null) judgeFlow(trial);
  else if (trial.sent === null || trial.outcome !== null) return;
  // Without an entry, a refusal may have been a redirect all the same. An acceptance, or two seconds of silence, was
  // none: a redirect makes an entry and keeps it until the answer.
  else if (known.refusal?.why === 'ECONNREFUSED') trial.isUntraced = true;
  else if (known.accepted !== null || known.refusal !== null)
    trial.outcome = { kind: 'direct', destination: trial.sent.destination };
}

/** Decides a trial whose conntrack entry is known, if that is enough. */
export function judgeFlow(trial: ProbeTrial): void {
  const { flow, accepted, refusal } = trial;
  if (flow === null || trial.outcome !== null) return;
  const outcome = outcomeOf(flow, accepted !== null, (accepted ?? refusal)?.ms ?? 0, refusal?.why);
  // A redirected one is not decided before the sidecar has answered. A queue that is full for a moment drops the first
  // packet, which comes again after a second, and after three.
  const isSilent = accepted === null && refusal?.why === NO_ANSWER;
  if (outcome.kind === 'redirected' && isSilent && !trial.isLastTry) trial.isUnanswered = true;
  else if (outcome.kind === 'direct' || accepted !== null || refusal !== null) trial.outcome = outcome;
}

/** The verdict of conntrack: a connection is redirected when another endpoint answers than the one that was called. */
export function outcomeOf(flow: TrackedFlow, accepted: boolean, ms: number, why?: string): ProbeOutcome {
  const { mark, originalDestination: destination, answeredBy } = flow;
  const isRedirected = answeredBy.address !== destination.address || answeredBy.port !== destination.port;
  return isRedirected
    ? { kind: 'redirected', mark, destination, answeredBy, accepted, ms, ...(why !== undefined && { why }) }
    : { kind: 'direct', destination };
}
