import type { ConvertedPlan } from '../convert-plan.ts';
import type { DiagnosticCode } from '../diagnostics/catalogue.ts';
import { noteCode } from '../diagnostics/note-code.ts';
import type { PlanNote, PlanSpan, RoutePlan } from '../route-plan.ts';
import { placeOf, type ScriptDiagnostic } from './script-result.ts';

/** Draws the line of a span with a caret; '' when the text is not at hand. */
export type FrameOf = (span: PlanSpan) => string;

/**
 * Everything to say about a converted script, in the order of the script: its effect, what each rule lost and why, remarks of
 * the reader. The same finding of several rules at one place is said once.
 */
export function collectDiagnostics(plan: RoutePlan, converted: ConvertedPlan, frameOf: FrameOf): ScriptDiagnostic[] {
  const out: ScriptDiagnostic[] = [];
  const add = (code: DiagnosticCode, rule: string | null, message: string, span: PlanSpan): void => {
    const place = placeOf(span);
    const known = out.some(
      (one) => one.code === code && one.message === message && one.line === place.line && one.column === place.column,
    );
    if (!known) out.push({ code, rule, message, ...place, frame: frameOf(span) });
  };
  const addNote = (note: PlanNote, rule: string | null, fallback: DiagnosticCode | null): void => {
    const code = noteCode(note.code) ?? fallback;
    if (code !== null) add(code, rule, note.message, note.span);
  };
  for (const reason of plan.effect.reasons) addNote(reason, null, plan.effect.state === 'broken' ? 'WR004' : 'WR001');
  for (const note of plan.notes) addNote(note, null, null);
  for (const rule of plan.rules) {
    const own = converted.rules.find((candidate) => candidate.id === rule.id);
    for (const note of rule.notes) addNote(note, rule.id, null);
    for (const finding of own?.findings ?? []) {
      const span = rule.then.kind === 'opaque' ? rule.then.span : rule.span;
      add(finding.code, rule.id, finding.message, span);
    }
  }
  return out;
}
