/** An error as text for a terminal. */
import type { WeirError } from '../errors/weir-error.ts';
import { fileProblemsOf, formatFileProblems } from './file-problems.ts';
import type { Paint } from './paint.ts';
import { hanging, wrapText } from './wrap-text.ts';

/** How an error is drawn. */
export interface ErrorTextOptions {
  /** The hint for the place at hand; the error's own by default. */
  readonly hint?: string;
  /** How wide lines may be; without a bound each part is one line. */
  readonly columns?: number;
}

/**
 * An error for a human: what, why and the next step, broken at words. With a location the first line starts with
 * `file:line:column`, as editors expect it. An error with several problems in one file shows each of them.
 */
export function formatErrorText(error: WeirError, paint: Paint, options: ErrorTextOptions = {}): string {
  const { hint = error.hint, columns = Number.POSITIVE_INFINITY } = options;
  const problems = fileProblemsOf(error.details);
  if (problems !== undefined) return formatFileProblems(problems, error.code, paint);
  const start = error.location === undefined ? paint.bad('error: ') : '';
  const lines = [
    ...wrapText(`${start}${paint.strong(error.what)} ${paint.faint(`[${error.code}]`)}`, columns),
    ...hanging('  why:  ', error.why.trimEnd(), columns),
    ...hanging('  next: ', hint.trimEnd(), columns),
  ];
  return `${lines.join('\n')}\n`;
}
