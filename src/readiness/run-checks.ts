/** The runner of checks: order, timeouts, counts. */
import { WeirError } from '../errors/weir-error.ts';
import { isForbidden, isRefusedBySystem } from '../platform/null-if-missing.ts';
import { CHECK_CATEGORIES, type CheckCategoryName } from './check-categories.ts';
import { CHECK_RESULTS, type Check, type CheckFinding, type CheckResult, finding } from './check-finding.ts';
import type { CheckHost } from './check-host.ts';

/** One category with all that was found in it. */
export interface CheckedCategory {
  readonly name: CheckCategoryName;
  readonly checks: readonly CheckFinding[];
}

/** All that was found, and how often each result came up. */
export interface CheckReport {
  readonly categories: readonly CheckedCategory[];
  readonly counts: Readonly<Record<CheckResult, number>>;
}

/** The request for a run of checks. */
export interface CheckRequest {
  readonly categories: readonly CheckCategoryName[];
  /** Milliseconds that one check may take. */
  readonly timeoutMs: number;
  /** Called with each complete category, in the order of the request; text and JSON are made from it. */
  readonly observe: (category: CheckedCategory) => void;
}

/**
 * Runs the checks of the categories, one category after the other, the checks of a category side by side. Never throws
 * for what a check meets: a failure or a timeout becomes a finding.
 */
export async function runChecks(host: CheckHost, request: CheckRequest): Promise<CheckReport> {
  const categories: CheckedCategory[] = [];
  for (const name of request.categories) {
    const found = await Promise.all(CHECK_CATEGORIES[name].map((check) => runCheck(check, host, request.timeoutMs)));
    const category = { name, checks: found.flat() };
    categories.push(category);
    request.observe(category);
  }
  return countResults(categories);
}

/** A report of categories that are complete. */
export function countResults(categories: readonly CheckedCategory[]): CheckReport {
  const all = categories.flatMap(({ checks }) => checks);
  const counts = Object.fromEntries(
    CHECK_RESULTS.map((result) => [result, all.filter((one) => one.result === result).length]),
  ) as Record<CheckResult, number>;
  return { categories, counts };
}

/** Whether the host is not known to be ready: something is wrong, or could not be found out. Warnings alone are fine. */
export function hasFailedChecks({ counts }: CheckReport): boolean {
  return counts.error + counts.timeout + counts.unknown > 0;
}

async function runCheck(check: Check, host: CheckHost, timeoutMs: number): Promise<readonly CheckFinding[]> {
  if (check.needs !== undefined && !(await host.facts.rights()).capabilities.has(check.needs)) {
    return [finding('skipped', `${check.about}: cannot be seen without root`, check.why, { hint: 'run it with sudo' })];
  }
  const { promise: deadline, resolve } = Promise.withResolvers<readonly CheckFinding[]>();
  const timer = setTimeout(() => resolve([timedOut(check, `no answer within ${timeoutMs} ms`)]), timeoutMs);
  try {
    return await Promise.race([check.run(host), deadline]);
  } catch (error) {
    return [failed(check, error)];
  } finally {
    clearTimeout(timer);
  }
}

function timedOut(check: Check, evidence: string): CheckFinding {
  return finding('timeout', `${check.about}: not known`, check.why, {
    hint: 'see with --verbose which program hangs, or give it longer with --timeout',
    evidence,
  });
}

/** A look that failed says nothing about the host, neither good nor bad. */
function failed(check: Check, error: unknown): CheckFinding {
  const what = `${check.about}: not known`;
  if (isRefusedBySystem(error)) {
    const [result, hint] = isForbidden(error)
      ? (['skipped', 'run it with sudo'] as const)
      : (['unknown', 'raise the limit or make room, then run it again'] as const);
    return finding(result, what, check.why, { hint, evidence: error.message });
  }
  if (!(error instanceof WeirError)) throw error;
  if (error.code === 'WEIR2002') return timedOut(check, error.what);
  const evidence = `${error.what}: ${error.why} (${error.code})`;
  return finding('unknown', what, check.why, { hint: error.hint, evidence });
}
