/** Findings of one conversion, gathered from the plan and from its converted rules. */
import { type ConvertedPlan, OBJECTIONS } from '../convert-plan.ts';
import type { DiagnosticCode } from '../diagnostics/catalogue.ts';
import { noteCode } from '../diagnostics/note-code.ts';
import { describeProviders } from '../plan/describe-rule.ts';
import type { PlanAssumption, PlanNote, PlanSpan, RoutePlan } from '../plan/route-plan.ts';
import { emptyMessage } from '../targets/mesh-destination.ts';
import { placeOf, type ScriptDiagnostic } from './script-result.ts';

/** Draws the line of a span with a caret; '' when the text is not at hand. */
export type FrameOf = (span: PlanSpan) => string;

/**
 * All findings about a converted script, in the order of the script: its effect, its assumptions, the losses of each
 * rule with their reasons, notes of the reader. Several rules share a finding at one place. The finding about empty
 * groups appears once a script.
 */
export function collectDiagnostics(plan: RoutePlan, converted: ConvertedPlan, frameOf: FrameOf): ScriptDiagnostic[] {
  const out: ScriptDiagnostic[] = [];
  const said = new Set<string>();
  const add = (code: DiagnosticCode, rule: string | null, message: string, span: PlanSpan): void => {
    const place = placeOf(span);
    const key = `${code} ${place.line}:${place.column} ${message}`;
    if (said.has(key)) return;
    said.add(key);
    out.push({ code, rule, message, ...place, frame: frameOf(span) });
  };
  const addNote = (note: PlanNote, rule: string | null, fallback: DiagnosticCode | null): void => {
    const code = noteCode(note.code) ?? fallback;
    if (code !== null) add(code, rule, note.message, note.span);
  };
  for (const reason of plan.effect.reasons) addNote(reason, null, plan.effect.state === 'broken' ? 'WR004' : 'WR001');
  if (converted.text !== null) {
    for (const assumption of distinctAssumptions(plan)) {
      add('WR062', null, assumptionMessage(assumption, converted.checkedProviders), assumption.span);
    }
  }
  // What keeps the rule from being written is said once, by the rules.
  const told = new Set(
    converted.text === null ? converted.rules.flatMap((one) => one.findings.map(({ code }) => code)) : [],
  );
  for (const note of plan.notes) {
    const code = noteCode(note.code);
    if (code === null || !isObjection(code) || !told.has(code)) addNote(note, null, null);
  }
  const byId = new Map(converted.rules.map((one) => [one.id, one]));
  const empty = new Set<string>();
  let firstEmpty: PlanSpan | null = null;
  for (const rule of plan.rules) {
    const own = byId.get(rule.id);
    for (const note of rule.notes) addNote(note, rule.id, null);
    for (const finding of own?.findings ?? []) {
      const span = rule.then.kind === 'opaque' ? rule.then.span : rule.span;
      if (finding.empty === undefined) add(finding.code, rule.id, finding.message, span);
      else if (own?.state === 'converted') {
        firstEmpty ??= span;
        for (const group of finding.empty) empty.add(group);
      }
    }
  }
  if (firstEmpty !== null) add('WR045', null, emptyMessage([...empty]), firstEmpty);
  return out;
}

function isObjection(code: DiagnosticCode): boolean {
  return OBJECTIONS.some((one) => one === code);
}

/** A finding at its place in the file, of which the script may be a part. */
export function placedDiagnostic(
  one: ScriptDiagnostic,
  file: { place(span: PlanSpan): Omit<PlanSpan, 'offset' | 'end'> },
): ScriptDiagnostic {
  const { line, column, endLine, endColumn } = file.place({ offset: 0, end: 0, ...one });
  return { ...one, line, column, endLine, endColumn };
}

/** The assumptions of a plan, each once. */
export function distinctAssumptions(plan: RoutePlan): PlanAssumption[] {
  const known = new Map<string, PlanAssumption>();
  for (const assumption of plan.assumptions) {
    const key = JSON.stringify([assumption.where, assumption.exception]);
    if (!known.has(key)) known.set(key, assumption);
  }
  return [...known.values()];
}

/** An assumption in one sentence. `checked` counts the providers of the snapshot; all of them meet it. */
export function assumptionMessage({ where, exception }: PlanAssumption, checked: number): string {
  if (exception === null)
    return `Taken for granted: no provider with ${describeProviders(where)}. What the script does with one, weir does not follow (${seenOf(checked)}).`;
  const name = exception.slice(exception.lastIndexOf('.') + 1);
  return `Taken for granted: no provider with ${describeProviders(where)}. With one, the script throws ${name} and Dubbo ignores it for every call (${seenOf(checked)}).`;
}

function seenOf(checked: number): string {
  return checked === 0 ? 'no provider was checked' : `true of the ${checked} providers given`;
}
