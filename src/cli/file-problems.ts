/** Several problems in files, each with its line and a caret: how errors about mesh.yaml are shown. */
import type { SourceLocation } from '../errors/weir-error.ts';
import { type CodeFrame, formatCodeFrame } from './code-frame.ts';
import type { Paint } from './paint.ts';

/** One problem at a place of a file, as an error carries it in its details. */
export interface FileProblem extends SourceLocation, CodeFrame {
  readonly what: string;
  readonly why: string;
  readonly hint: string;
}

/** The problems that an error lists; `total` also counts those that it leaves out. */
export interface ListedProblems {
  readonly problems: readonly FileProblem[];
  readonly total: number;
}

/** The problems of an error that carries some (WEIR1020); undefined for any other error's details. */
export function fileProblemsOf(details: unknown): ListedProblems | undefined {
  if (typeof details !== 'object' || details === null || !('problems' in details)) return undefined;
  return Array.isArray(details.problems) ? (details as ListedProblems) : undefined;
}

/**
 * Each problem with its line of the file and a caret, then how many there are:
 * ```
 * mesh.yaml:12:12: apps.payment.lease: 3 is not a duration here
 *   12 |     lease: 3
 *      |            ^
 *   why:  its unit is missing
 *   next: write 3s or 3ms
 *
 * 1 problem [WEIR1020]
 * ```
 */
export function formatFileProblems({ problems, total }: ListedProblems, code: string, paint: Paint): string {
  const blocks = problems.map((problem) => formatProblem(problem, paint));
  const count = `${total} ${total === 1 ? 'problem' : 'problems'}`;
  const rest = total > problems.length ? `, the first ${problems.length} are shown` : '';
  return `${blocks.join('\n')}\n${paint.bad(count)}${rest} ${paint.faint(`[${code}]`)}\n`;
}

function formatProblem(problem: FileProblem, paint: Paint): string {
  const { file, line, column, what, why, hint } = problem;
  const frame = formatCodeFrame(problem)
    .split('\n')
    .filter((row) => row !== '')
    .map((row) => `  ${paint.faint(row)}\n`);
  const title = paint.strong(`${file}:${line}:${column}: ${what}`);
  return `${title}\n${frame.join('')}  why:  ${why}\n  next: ${hint}\n`;
}
