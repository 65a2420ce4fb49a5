import { planRuleSource } from '../../routing/plan-rule-source.ts';
import { readRuleFile } from '../../routing/read/read-rule-file.ts';
import type { PlanSpan } from '../../routing/route-plan.ts';
import type { Estate, PlannedRule } from './ports.ts';

/** Reads and plans a rule file, and knows where its text lies inside the carrier. Throws WeirError for what is no rule. */
export function planRuleFile(path: string, text: string, estate: Estate): PlannedRule {
  const source = readRuleFile(path, text);
  const plan = planRuleSource(source, estate);
  const lines = source.text.split('\n');
  const carrier = text.split('\n');
  const shift = source.text === text ? { line: 0, column: 0 } : shiftOf(carrier, lines);
  // In a URL the rule is encoded: places are those of the decoded text.
  if (shift === null)
    return { plan, script: source.text, place: (span) => span, lineText: (line) => lines[line - 1] ?? '' };
  const place = (span: PlanSpan): PlanSpan => ({
    ...span,
    line: span.line + shift.line,
    column: span.column + shift.column,
    endLine: span.endLine + shift.line,
    endColumn: span.endColumn + shift.column,
  });
  return { plan, script: source.text, place, lineText: (line) => carrier[line - 1] ?? '' };
}

// A YAML block or a section of an HSF text holds the rule line by line, perhaps indented.
function shiftOf(carrier: readonly string[], lines: readonly string[]): { line: number; column: number } | null {
  const first = lines.findIndex((line) => line.trim() !== '');
  const wanted = lines[first];
  if (wanted === undefined) return null;
  for (let at = 0; at < carrier.length; at += 1) {
    const column = carrier[at]?.indexOf(wanted) ?? -1;
    if (column < 0) continue;
    const rest = lines.slice(first, first + 5);
    if (rest.every((line, index) => (carrier[at + index] ?? '').includes(line.trim())))
      return { line: at - first, column };
  }
  return null;
}
