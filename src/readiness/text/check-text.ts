/** The findings of `weir check` as text for a terminal. */
import type { Paint } from '../../cli/paint.ts';
import { alignColumns } from '../../cli/table.ts';
import { plural, wrapText } from '../../cli/wrap-text.ts';
import type { CheckFinding, CheckResult } from '../check-finding.ts';
import type { CheckedCategory, CheckReport } from '../run-checks.ts';

/** The width for findings, and whether the terminal shows more than ASCII. */
export interface CheckTextOptions {
  readonly columns: number;
  readonly isUnicode: boolean;
}

const SYMBOLS: Readonly<Record<CheckResult, { unicode: string; ascii: string }>> = {
  ok: { unicode: '✓', ascii: '+' },
  warning: { unicode: '!', ascii: '!' },
  error: { unicode: '✗', ascii: 'x' },
  timeout: { unicode: '⧖', ascii: '?' },
  unknown: { unicode: '?', ascii: '?' },
  skipped: { unicode: '–', ascii: '-' },
};

/** Left of the lines that belong to a finding. */
const INDENT = '      ';

/** Lines get no longer than this, however wide the terminal is: long lines are hard to read. */
const MOST_COLUMNS = 100;

/** One category: a heading, a line for each finding, and below what is not in order the reason and the next step. */
export function checkCategoryText({ name, checks }: CheckedCategory, paint: Paint, options: CheckTextOptions): string {
  const width = Math.min(options.columns, MOST_COLUMNS);
  // A short proof stands beside its finding, in a column; any other goes below.
  const beside = checks.filter((one) => fitsBeside(one, width));
  const columns = alignColumns(beside.map((one) => [one.what, paint.faint(one.evidence ?? '')]));
  const lines = checks.flatMap((one, at) => {
    // What many could not be looked at for has one next step: it is said below the last of them.
    const isSaidBelow = isInOrder(one) && checks[at + 1]?.hint === one.hint;
    const index = beside.indexOf(one);
    const symbol = styleOf(one.result, paint)(SYMBOLS[one.result][options.isUnicode ? 'unicode' : 'ascii']);
    const [first = '', ...more] = index < 0 ? wrapText(one.what, width - INDENT.length) : [columns[index] ?? ''];
    return [
      `  ${symbol} ${first}`,
      ...more.map((line) => `    ${line}`),
      ...(index < 0
        ? explanation(isSaidBelow ? { ...one, hint: null } : one, paint, { ...options, columns: width })
        : []),
    ];
  });
  const skipped = paint.faint(SYMBOLS.skipped[options.isUnicode ? 'unicode' : 'ascii']);
  const body = lines.length === 0 ? [`  ${skipped} nothing to look at`] : lines;
  return [paint.strong(name), ...body, '', ''].join('\n');
}

/** The closing line: how often each result came up. */
export function checkSummaryText({ counts }: CheckReport, paint: Paint): string {
  const parts = [
    counts.error > 0 ? paint.bad(plural(counts.error, 'error')) : '',
    counts.timeout > 0 ? paint.bad(plural(counts.timeout, 'timeout')) : '',
    counts.unknown > 0 ? paint.bad(`${counts.unknown} not known`) : '',
    counts.warning > 0 ? paint.caution(plural(counts.warning, 'warning')) : '',
    `${counts.ok} ok`,
    counts.skipped > 0 ? `${counts.skipped} skipped` : '',
  ];
  return parts.filter((part) => part !== '').join(', ');
}

/** Counted without colours; the sum leaves room for the symbol and the gap. */
function fitsBeside(one: CheckFinding, width: number): boolean {
  return isInOrder(one) && one.evidence !== null && one.what.length + one.evidence.length < width - INDENT.length;
}

/** The lines below a finding: its proof, unless it is in order the reason, and the next step where there is one. */
function explanation(one: CheckFinding, paint: Paint, { columns, isUnicode }: CheckTextOptions): string[] {
  const width = columns - INDENT.length;
  const evidence = one.evidence === null ? [] : wrapText(one.evidence, width).map((line) => paint.faint(line));
  const arrow = isUnicode ? '→' : '->';
  const hint = one.hint === null ? [] : wrapText(`${arrow} ${one.hint}`, width);
  const why = isInOrder(one) ? [] : wrapText(one.why, width);
  const lines = [...evidence, ...why, ...hint];
  return lines.map((line) => `${INDENT}${line}`);
}

/** Nothing to do about it. */
function isInOrder({ result }: CheckFinding): boolean {
  return result === 'ok' || result === 'skipped';
}

function styleOf(result: CheckResult, paint: Paint): (text: string) => string {
  if (result === 'ok') return paint.good;
  if (result === 'skipped') return paint.faint;
  return result === 'warning' ? paint.caution : paint.bad;
}
