import type { WeirError } from '../errors/weir-error.ts';
import { configProblemsOf, formatConfigProblems } from './config-problems.ts';
import type { Paint } from './paint.ts';

/**
 * An error for a human: what, why and the next step, a line each. With a location the first line starts with
 * `file:line:column`, as editors expect it. An error with several problems in one file shows each of them.
 */
export function formatErrorText(error: WeirError, paint: Paint, hint = error.hint): string {
  const problems = configProblemsOf(error.details);
  if (problems !== undefined) return formatConfigProblems(problems, error.code, paint);
  const start = error.location === undefined ? paint.bad('error: ') : '';
  const lines = [
    `${start}${paint.strong(error.what)} ${paint.faint(`[${error.code}]`)}`,
    `  why:  ${indent(error.why)}`,
    `  next: ${indent(hint)}`,
  ];
  return `${lines.join('\n')}\n`;
}

function indent(text: string): string {
  return text.trimEnd().replaceAll('\n', '\n        ');
}
