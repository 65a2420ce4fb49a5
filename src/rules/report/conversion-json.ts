/** The JSON result of `weir rules convert`. */
import type { RuleState } from '../equivalence/tally.ts';
import { presentGroups, type ScriptResult, scriptFidelity, sentenceOf } from './script-result.ts';

/** `result` of `weir rules convert --json`. */
export interface ConversionJson {
  readonly scripts: readonly ScriptJson[];
  readonly totals: ConversionTotals;
  readonly target: string;
}

/** One script of the result. */
export interface ScriptJson {
  readonly path: string;
  readonly kind: string;
  readonly effect: 'live' | 'dead' | 'broken';
  readonly fidelity: string;
  readonly rules: readonly {
    readonly id: string;
    readonly line: number;
    readonly verdict: string;
    readonly fidelity: string;
    readonly state: RuleState;
    /** Entries in front that leave calls of this rule to the script. */
    readonly shadowedBy: readonly string[];
    /** Groups that must have a provider for `fidelity` and `verdict` to hold (WR045). */
    readonly whilePresent: readonly string[];
    /** The rule as one sentence. */
    readonly says: string;
    readonly diagnostics: readonly string[];
    readonly cells: number;
  }[];
  readonly outputs: readonly string[];
  readonly diagnostics: readonly {
    readonly code: string;
    readonly rule: string | null;
    readonly line: number;
    readonly column: number;
    readonly message: string;
  }[];
}

/** Sums over all scripts of a run. */
export interface ConversionTotals {
  readonly scripts: number;
  readonly live: number;
  readonly dead: number;
  readonly broken: number;
  readonly rules: number;
  readonly exact: number;
  /** Those among the exact ones that hold while their groups have a provider (WR045). */
  readonly exactWhilePresent: number;
  readonly noted: number;
  readonly lossy: number;
  readonly refused: number;
  readonly proved: number;
  /** Rules by what became of their calls. */
  readonly states: Readonly<Record<RuleState, number>>;
  readonly comparedCalls: number;
}

/** The machine-readable result of a conversion run. */
export function conversionJson(results: readonly ScriptResult[], target: string): ConversionJson {
  return { scripts: results.map(scriptJson), totals: conversionTotals(results), target };
}

function scriptJson(result: ScriptResult): ScriptJson {
  return {
    path: result.path,
    kind: result.plan.source.kind,
    effect: result.plan.effect.state,
    fidelity: scriptFidelity(result),
    rules: result.converted.rules.map((rule) => ({
      id: rule.id,
      line: rule.line,
      verdict: rule.verdict,
      fidelity: rule.fidelity,
      state: rule.state,
      shadowedBy: rule.shadowedBy,
      whilePresent: presentGroups(rule),
      says: sentenceOf(result, rule.id),
      diagnostics: [...new Set(result.diagnostics.filter((one) => one.rule === rule.id).map((one) => one.code))].sort(),
      cells: rule.proof?.cells ?? 0,
    })),
    outputs: result.outputs,
    diagnostics: result.diagnostics.map(({ code, rule, line, column, message }) => ({
      code,
      rule,
      line,
      column,
      message,
    })),
  };
}

function conversionTotals(results: readonly ScriptResult[]): ConversionTotals {
  const rules = results.flatMap((result) => result.converted.rules);
  const effect = (state: string): number => results.filter((result) => result.plan.effect.state === state).length;
  const state = (wanted: RuleState): number => rules.filter((rule) => rule.state === wanted).length;
  const level = (fidelity: string): number => rules.filter((rule) => rule.fidelity === fidelity).length;
  return {
    scripts: results.length,
    live: effect('live'),
    dead: effect('dead'),
    broken: effect('broken'),
    rules: rules.length,
    exact: level('exact'),
    exactWhilePresent: rules.filter((rule) => rule.fidelity === 'exact' && presentGroups(rule).length > 0).length,
    noted: level('noted'),
    lossy: level('lossy'),
    refused: level('refused'),
    proved: rules.filter((rule) => rule.state === 'converted' && rule.verdict.startsWith('proved')).length,
    states: { converted: state('converted'), shadowed: state('shadowed'), left: state('left'), none: state('none') },
    comparedCalls: results.reduce((sum, result) => sum + result.converted.comparedCalls, 0),
  };
}
