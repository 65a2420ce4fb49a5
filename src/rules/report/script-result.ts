/** The result of one converted script, which all reports read. */
import type { ConvertedPlan, ConvertedRule } from '../convert-plan.ts';
import type { DiagnosticCode } from '../diagnostics/catalogue.ts';
import { describeRule, ruleOf } from '../plan/describe-rule.ts';
import type { PlanSpan, RoutePlan } from '../plan/route-plan.ts';
import type { Fidelity, TargetName } from '../targets/target.ts';

/** One finding about a script, at its place in the file that was read. */
export interface ScriptDiagnostic {
  readonly code: DiagnosticCode;
  readonly rule: string | null;
  readonly message: string;
  /** Lines and columns count from 1. */
  readonly line: number;
  readonly column: number;
  readonly endLine: number;
  readonly endColumn: number;
  /** The line with a caret, '' when there is none. */
  readonly frame: string;
}

/** A script that was read and planned, with its conversion. */
export interface ScriptResult {
  readonly path: string;
  readonly name: string;
  readonly plan: RoutePlan;
  readonly target: TargetName;
  readonly converted: ConvertedPlan;
  readonly diagnostics: readonly ScriptDiagnostic[];
  /** Paths of the files that belong to it, relative to the output folder. */
  readonly outputs: readonly string[];
}

/** The worst level of a script's rules; `exact` for one that has none. */
export function scriptFidelity(result: ScriptResult): Fidelity {
  const order: readonly Fidelity[] = ['exact', 'noted', 'lossy', 'refused'];
  return order[Math.max(0, ...result.converted.rules.map((rule) => order.indexOf(rule.fidelity)))] ?? 'exact';
}

/** One rule of a script as a sentence. */
export function sentenceOf({ plan }: ScriptResult, id: string): string {
  const rule = ruleOf(plan, id);
  return rule === undefined ? '' : describeRule(plan, rule);
}

/** The result of a rule, in a few words. Calls do come to the rules of a script that has no effect: they change nothing. */
export function fateOf({ state, verdict, shadowedBy, proof }: ConvertedRule, { plan }: ScriptResult): string {
  if (proof?.reach === 'unknown') return 'left to the script, not known whether a call comes to it';
  if (state === 'converted') return `converted, ${verdict}`;
  if (state === 'shadowed') return `shadowed by ${shadowedBy.join(', ')}`;
  if (state === 'left') return 'left to the script';
  return plan.effect.state === 'live' ? 'no call comes to it' : 'without effect';
}

/** What is said of the rules that no document needs, over all scripts of a run. */
export function unneededOf(results: readonly ScriptResult[]): string {
  const some = (isLive: boolean): number =>
    results
      .filter(({ plan }) => (plan.effect.state === 'live') === isLive)
      .flatMap(({ converted }) => converted.rules)
      .filter(({ state }) => state === 'none').length;
  const without = some(false);
  return `${some(true)} that no call comes to${without === 0 ? '' : `, ${without} without effect`}`;
}

/** The groups whose providers a rule takes for present: nothing is said of its calls while one has none (WR045). */
export function presentGroups({ findings, state }: ConvertedRule): readonly string[] {
  return state === 'converted' ? [...new Set(findings.flatMap(({ empty }) => empty ?? []))] : [];
}

/** The levels of many rules in words. */
export function levelsOf(totals: Readonly<Record<Fidelity | 'exactWhilePresent', number>>): string {
  const { exact, exactWhilePresent, noted, lossy, refused } = totals;
  const present = exactWhilePresent === 0 ? '' : ` (${exactWhilePresent} while their groups have a provider, WR045)`;
  return `${exact} exact${present}, ${noted} noted, ${lossy} lossy, ${refused} refused`;
}

/** Where a span lies, as a diagnostic tells it. */
export function placeOf(span: PlanSpan): Pick<ScriptDiagnostic, 'line' | 'column' | 'endLine' | 'endColumn'> {
  return { line: span.line, column: span.column, endLine: span.endLine, endColumn: span.endColumn };
}
