/** The report of an upgrade while it is being collected: facts in, report out. Pure. */
import type { AnswerCounts } from '../machine/judge-answers.ts';
import type { UpgradeInProgress, UpgradeOutcome } from '../machine/sidecar-state.ts';
import type { NoticeResult, UpgradeReport, UpgradeSide } from '../machine/upgrade-report.ts';
import type { DrainSample } from '../ports.ts';

/** The known facts. Times count from the request, in milliseconds. */
export interface UpgradeDraft {
  readonly from: UpgradeSide;
  readonly to: UpgradeSide;
  readonly states: UpgradeReport['states'];
  /** Connections of the old process when its drain began, the most that were seen. */
  readonly atStart: number;
  /** Null: connections were cut and nobody could count them. */
  readonly cut: number | null;
  readonly cutRequests: number | null;
  readonly drainedAtMs: number | null;
  /** Of the drain that began last. */
  readonly sample: DrainSample | null;
  /** The answers of the old process before; null when they were not counted. */
  readonly answers: AnswerCounts | null;
  /** The requesting account and its reason. */
  readonly actor: string | null;
  readonly note: string | null;
  readonly notices: readonly NoticeResult[];
  readonly warnings: readonly string[];
}

/** An event of an upgrade that belongs in its report. */
export type UpgradeFact =
  | { readonly fact: 'sides'; readonly from?: UpgradeSide; readonly to?: UpgradeSide }
  | { readonly fact: 'state'; readonly state: string; readonly atMs: number }
  | { readonly fact: 'drain-begun'; readonly connections: number }
  | { readonly fact: 'sample'; readonly sample: DrainSample }
  | { readonly fact: 'asked'; readonly actor: string | null; readonly note: string | null }
  | { readonly fact: 'answers'; readonly answers: AnswerCounts | null }
  | { readonly fact: 'drained'; readonly atMs: number }
  | { readonly fact: 'cut'; readonly connections: number | null }
  | { readonly fact: 'requests-cut'; readonly count: number | null }
  | { readonly fact: 'notices'; readonly notices: readonly NoticeResult[] }
  | { readonly fact: 'warning'; readonly text: string };

const UNKNOWN: UpgradeSide = { epoch: null, version: null, binarySha256: null, bootstrapSha256: null };

/** A draft without any fact. */
export const EMPTY_DRAFT: UpgradeDraft = {
  from: UNKNOWN,
  to: UNKNOWN,
  states: [],
  atStart: 0,
  cut: 0,
  cutRequests: 0,
  drainedAtMs: null,
  sample: null,
  answers: null,
  actor: null,
  note: null,
  notices: [],
  warnings: [],
};

/** The draft with one fact more. */
export function noteFact(draft: UpgradeDraft, fact: UpgradeFact): UpgradeDraft {
  switch (fact.fact) {
    case 'sides':
      return { ...draft, from: fact.from ?? draft.from, to: fact.to ?? draft.to };
    case 'state':
      return { ...draft, states: [...draft.states, { state: fact.state.toUpperCase(), atMs: fact.atMs }] };
    case 'drain-begun':
      return { ...draft, atStart: Math.max(draft.atStart, fact.connections), sample: null };
    case 'sample':
      return { ...draft, sample: fact.sample };
    case 'asked':
      return { ...draft, actor: fact.actor, note: fact.note };
    case 'answers':
      return { ...draft, answers: fact.answers };
    case 'drained':
      return { ...draft, drainedAtMs: fact.atMs };
    case 'cut':
      return { ...draft, cut: plus(draft.cut, fact.connections) };
    case 'requests-cut':
      return { ...draft, cutRequests: plus(draft.cutRequests, fact.count) };
    case 'notices':
      return { ...draft, notices: fact.notices };
    case 'warning':
      return { ...draft, warnings: [...draft.warnings, fact.text] };
  }
}

/** One uncounted part makes the sum unknown. */
function plus(sum: number | null, more: number | null): number | null {
  return sum === null || more === null ? null : sum + more;
}

/** How an upgrade ended; `at` is the wall clock as ISO text. */
export interface UpgradeEnd {
  readonly id: string;
  readonly at: string;
  readonly outcome: UpgradeOutcome;
  readonly reason: string;
  readonly upgrade: UpgradeInProgress;
  readonly served: boolean;
}

/** The end report. */
export function finishReport(
  draft: UpgradeDraft,
  { id, at, outcome, reason, upgrade, served }: UpgradeEnd,
): UpgradeReport {
  const { from, to, states, atStart, cut, cutRequests, drainedAtMs, notices, warnings, actor, note } = draft;
  return {
    id,
    at,
    outcome,
    reason,
    dryRun: upgrade.request.dryRun,
    served,
    actor,
    note,
    from,
    to,
    states,
    connections: { drained: cut === null ? null : Math.max(0, atStart - cut), cut },
    requests: { cut: cutRequests },
    drainedAtMs,
    notices,
    warnings: [...warnings, ...upgrade.warnings],
  };
}
