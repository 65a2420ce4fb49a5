/** The types of a check and of its findings. */
import type { CheckHost } from './check-host.ts';

/**
 * The results of a check. `timeout` and `unknown` (a program or the system gave no answer) say that nothing is known,
 * neither good nor bad; `skipped` the same, where that was to be expected.
 */
export const CHECK_RESULTS = ['ok', 'warning', 'error', 'timeout', 'unknown', 'skipped'] as const;
/** One of CHECK_RESULTS. */
export type CheckResult = (typeof CHECK_RESULTS)[number];

/** One thing that a check found. */
export interface CheckFinding {
  /** The finding itself, in one line. */
  readonly what: string;
  readonly result: CheckResult;
  /** Why it matters to somebody who wants to switch traffic. */
  readonly why: string;
  /** What to do about it; null when there is nothing to do. */
  readonly hint: string | null;
  /** The place of the observation: a file, a command's words, a number; null when `what` says it all. */
  readonly evidence: string | null;
}

/** One question to the host. `about` names it when no answer comes; `why` says why the answer matters. */
export interface Check {
  readonly about: string;
  readonly why: string;
  /** Without this capability the check is skipped, and says so. */
  readonly needs?: 'NET_ADMIN';
  run(host: CheckHost): Promise<readonly CheckFinding[]>;
}

/** A finding without the parts that are empty. */
export function finding(
  result: CheckResult,
  what: string,
  why: string,
  rest: { readonly hint?: string; readonly evidence?: string | null } = {},
): CheckFinding {
  return { what, result, why, hint: rest.hint ?? null, evidence: rest.evidence ?? null };
}
