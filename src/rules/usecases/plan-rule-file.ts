/** From a rule file to its plan, with places in the file rather than in the rule's text. */
import type { PlanSpan, RoutePlan } from '../plan/route-plan.ts';
import { planRuleSource } from '../plan-rule-source.ts';
import { readLegacyRule } from '../read/read-legacy-rule.ts';
import { enginesOf } from '../read/router-world.ts';
import type { Estate, PlannedRule } from './ports.ts';
import { ruleNode } from './shared-nodes.ts';

/** Reads and plans a rule file, and knows where its text lies inside the carrier. Throws WeirError for what is no rule. */
export function planRuleFile(path: string, raw: string, estate: Estate): PlannedRule {
  // A mark of byte order takes no column.
  const text = raw.charCodeAt(0) === 0xfeff ? raw.slice(1) : raw;
  const source = readLegacyRule(path, raw);
  const plan = markNoted(planRuleSource(source, estate), text !== raw);
  const facts = {
    plan,
    script: source.text,
    language: source.language,
    carrier: text,
    engines: source.kind === 'condition' || source.kind === 'tag' ? enginesOf(estate.engine, source) : [],
    node: ruleNode(source, text),
    isOff: !source.enabled || !source.valid || (source.form === 'script-url' && estate.engine !== undefined),
  };
  const lines = source.text.split(/\r?\n/);
  const carrier = text.split(/\r?\n/);
  const shift = source.text === text ? { line: 0, column: 0 } : shiftOf(carrier, lines);
  // In a URL the rule is encoded: places are those of the decoded text.
  if (shift === null) return { ...facts, place: (span) => span, lineText: (line) => lines[line - 1] ?? '' };
  const place = (span: PlanSpan): PlanSpan => ({
    ...span,
    line: span.line + shift.line,
    column: span.column + shift.column,
    endLine: span.endLine + shift.line,
    endColumn: span.endColumn + shift.column,
  });
  return { ...facts, place, lineText: (line) => carrier[line - 1] ?? '' };
}

/** A note where a rule's own text begins with a mark of byte order: Groovy and Nashorn do not compile such a text. */
function markNoted(plan: RoutePlan, isMarked: boolean): RoutePlan {
  if (!isMarked || plan.source.form !== 'bare') return plan;
  const span: PlanSpan = { offset: 0, end: 0, line: 1, column: 1, endLine: 1, endColumn: 1 };
  const message = 'the file begins with a byte order mark, taken for the editor\u2019s and not for part of the rule';
  return { ...plan, notes: [...plan.notes, { code: 'WR075', message, span }] };
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
