import type { WeirError } from '../errors/weir-error.ts';
import type { Paint } from './paint.ts';

/**
 * An error for a human: what, why and the next step, a line each. With a location the first line starts with
 * `file:line:column`, as editors expect it.
 */
export function formatErrorText(error: WeirError, paint: Paint): string {
  const start = error.location === undefined ? paint.bad('error: ') : '';
  const lines = [
    `${start}${paint.strong(error.what)} ${paint.faint(`[${error.code}]`)}`,
    `  why:  ${indent(error.why)}`,
    `  next: ${indent(error.hint)}`,
  ];
  return `${lines.join('\n')}\n`;
}

function indent(text: string): string {
  return text.trimEnd().replaceAll('\n', '\n        ');
}
