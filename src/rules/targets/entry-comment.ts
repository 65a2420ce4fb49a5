/** The comment above an entry: lines of the script and, in one sentence, what the entry does. */
import { describeRule, ruleOf } from '../plan/describe-rule.ts';
import type { LoweringInput } from './target.ts';

const WIDEST = 150;
const MOST_REASONS = 3;

/** Lines of comment for the rules of an entry; a refused one says which lines stay with the script, and why. */
export function entryComment(
  { plan, lineOf = (line) => line, whenEmpty }: LoweringInput,
  { rules, refused }: { readonly rules: readonly string[]; readonly refused: boolean },
  whyOf: (rule: string) => string,
): string[] {
  const told = rules
    .flatMap((id) => ruleOf(plan, id) ?? [])
    .sort((a, b) => Number(a.id.slice(1)) - Number(b.id.slice(1)));
  if (!refused) {
    return told.map((rule) => {
      const isOpened = whenEmpty === 'all' && rule.then.kind === 'deny';
      const text = `line ${lineOf(rule.span.line)}: ${describeRule(plan, rule)}`;
      return cut(isOpened ? `${text} in the script, every provider here` : text);
    });
  }
  const reasons = new Map<string, number[]>();
  for (const rule of told) {
    const why = whyOf(rule.id);
    reasons.set(why, [...(reasons.get(why) ?? []), lineOf(rule.span.line)]);
  }
  const lines = [...reasons].map(([why, at]) => cut(`${lineList(at)} left to the script: ${why}`));
  const more = lines.length - MOST_REASONS;
  return more > 0 ? [...lines.slice(0, MOST_REASONS), `and ${more} more reasons`] : lines;
}

// `line 3`, `lines 3, 5-9`.
function lineList(lines: readonly number[]): string {
  const sorted = [...new Set(lines)].sort((a, b) => a - b);
  const runs: [number, number][] = [];
  for (const line of sorted) {
    const last = runs.at(-1);
    if (last !== undefined && last[1] >= line - 1) last[1] = line;
    else runs.push([line, line]);
  }
  const text = runs.map(([from, to]) => (from === to ? String(from) : `${from}-${to}`)).join(', ');
  return `${sorted.length === 1 ? 'line' : 'lines'} ${text}`;
}

function cut(text: string): string {
  return text.length <= WIDEST ? text : `${text.slice(0, WIDEST - 3)}...`;
}
