/** The judgement whether a new process fails more requests than the former one did. */

/** Answers of a process so far, by its own counters. */
export interface AnswerCounts {
  readonly completed: number;
  /** Those with a status from 500 on. */
  readonly failed: number;
}

/** Fewer answers than this say nothing. */
const ENOUGH = 20;
/** The rise of the failure rate, in percentage points, that is too much. */
const MARGIN = 5;

/**
 * Compares the share of failed answers since `first` with that of the process before. Null: nothing is wrong, or too little has been answered to tell.
 */
export function judgeAnswers(before: AnswerCounts, first: AnswerCounts, now: AnswerCounts): string | null {
  const completed = now.completed - first.completed;
  const share = percent(now.failed - first.failed, completed);
  const former = percent(before.failed, before.completed);
  if (completed < ENOUGH || share <= former + MARGIN) return null;
  return `${Math.round(share)} % of ${completed} answers of the new process have a status from 500 on, before it was ${Math.round(former)} %`;
}

function percent(part: number, whole: number): number {
  return whole <= 0 ? 0 : (100 * part) / whole;
}
