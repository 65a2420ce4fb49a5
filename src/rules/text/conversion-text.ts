/** The output of `weir rules convert` for a terminal. */
import type { Paint } from '../../cli/paint.ts';
import { plural } from '../../cli/wrap-text.ts';
import type { WeirError } from '../../errors/weir-error.ts';
import type { ConvertedRule } from '../convert-plan.ts';
import { ruleOf } from '../plan/describe-rule.ts';
import type { ConversionJson } from '../report/conversion-json.ts';
import {
  fateOf,
  levelsOf,
  type ScriptResult,
  scriptFidelity,
  sentenceOf,
  unneededOf,
} from '../report/script-result.ts';
import { diagnosticLines } from './diagnostic-lines.ts';
import { printable } from './printable.ts';

const SHOWN_RULES = 16;
const SHOWN_PLACES = 6;

/** What the text is told besides the results: the output folder, null with --check, and the flags. */
export interface ConversionTextOptions {
  readonly out: string | null;
  /** Which parts of the estate the flags gave. */
  readonly given: { readonly services: boolean; readonly providers: boolean };
}

/**
 * The text of `weir rules convert`. Each script comes with its rules and their results. Then follow the losses with
 * their places, advice, totals and the written files.
 */
export function formatConversion(
  results: readonly ScriptResult[],
  json: ConversionJson & { readonly stale: readonly string[] },
  paint: Paint,
  { out, given }: ConversionTextOptions,
): string {
  const lines: string[] = [];
  for (const result of results) {
    lines.push(headline(result));
    lines.push(...ruleLines(result, paint));
    lines.push(...diagnosticLines(result.diagnostics, paint));
    for (const hint of hintsFor(result, given)) lines.push(`  hint: ${hint}`);
  }
  const { totals } = json;
  const { converted, shadowed, left } = totals.states;
  lines.push(
    `${plural(totals.scripts, 'script')}: ${totals.live} live, ${totals.dead} dead, ${totals.broken} broken`,
    `${plural(totals.rules, 'rule')}: ${converted} converted, ${shadowed} shadowed, ${left} left to the script, ${unneededOf(results)}; ${levelsOf(totals)}; ${totals.proved} proved on ${plural(totals.comparedCalls, 'call')}`,
  );
  const files = results.reduce((sum, { outputs }) => sum + outputs.length, 0);
  if (out !== null) lines.push(`written: ${plural(files, 'file')} in ${out}`);
  for (const name of json.stale) lines.push(`stale: ${name}`);
  return `${lines.join('\n')}\n`;
}

function headline(result: ScriptResult): string {
  const { rules } = result.converted;
  const count = (state: string): number => rules.filter((rule) => rule.state === state).length;
  const { state } = result.plan.effect;
  if (state !== 'live') return `${printable(result.path)}: ${state}, ${plural(rules.length, 'rule')} without effect`;
  const none = count('none');
  const parts = [`${count('converted')} of ${plural(rules.length - none, 'rule')} converted`];
  if (count('left') > 0) parts.push(`${count('left')} left to the script`);
  if (count('shadowed') > 0) parts.push(`${count('shadowed')} shadowed`);
  if (none > 0) parts.push(`no call comes to ${none} more`);
  return `${printable(result.path)}: ${levelOf(result)}, ${parts.join(', ')}`;
}

// What has become of a live script, in the words of somebody who has not read about levels yet.
function levelOf(result: ScriptResult): string {
  const level = scriptFidelity(result);
  if (level !== 'refused') return level === 'exact' ? 'converted' : `converted (${level})`;
  return result.converted.rules.some(({ state }) => state === 'converted')
    ? 'converted in part'
    : 'stays with the script';
}

// Rules with the same sentence and the same result share one line. Rules that no call reaches are only counted, and
// so are those that nobody wrote: they hold the calls with which the script fails.
function ruleLines(result: ScriptResult, paint: Paint): string[] {
  if (result.plan.effect.state !== 'live') return [];
  const told = new Map<string, number[]>();
  const failing: ConvertedRule[] = [];
  for (const rule of result.converted.rules) {
    if (rule.state === 'none') continue;
    if (rule.state !== 'converted' && fails(result, rule)) {
      failing.push(rule);
      continue;
    }
    const text = `${sentenceOf(result, rule.id)} (${fateOf(rule, result)})`;
    told.set(text, [...(told.get(text) ?? []), rule.line]);
  }
  const lines = [...told].slice(0, SHOWN_RULES).map(([text, at]) => ruleLine(text, at));
  const hidden = told.size - SHOWN_RULES;
  if (hidden > 0) lines.push(paint.faint(`  and ${plural(hidden, 'more rule')}; --report has all`));
  if (failing.length > 0) {
    const many = plural(failing.length, 'rule');
    const text = `${many} for calls with which the script throws, so that Dubbo ignores it -> all providers (left to the script)`;
    lines.push(
      ruleLine(
        text,
        failing.map(({ line }) => line),
      ),
    );
  }
  return lines;
}

function ruleLine(text: string, at: readonly number[]): string {
  const places = [...new Set(at)].slice(0, SHOWN_PLACES).join(', ');
  return `  ${printable(`line ${places}: ${text}`)}`;
}

function fails({ plan }: ScriptResult, { id }: ConvertedRule): boolean {
  const then = ruleOf(plan, id)?.then;
  return then?.kind === 'all' && then.ignored !== undefined;
}

function hintsFor({ diagnostics }: ScriptResult, given: ConversionTextOptions['given']): string[] {
  const has = (...codes: readonly string[]): boolean => diagnostics.some((one) => codes.includes(one.code));
  const hints: string[] = [];
  if (!given.services && has('WR027')) {
    hints.push(
      'give --services FILE (interfaces with their methods): rules about arguments need the types of parameters',
    );
  }
  if (!given.providers && has('WR017', 'WR062')) {
    hints.push(
      'give --providers FILE (the registry as JSON, or a list of its dubbo:// URLs): sets that depend on it are then computed, and what is taken for granted is checked',
    );
  }
  return hints;
}

/** One line for each file that could not be used. */
export function formatRuleErrors(errors: readonly WeirError[]): string {
  return errors
    .map((error) => `${printable(`${error.message.replace(/\.$/, '')}: ${error.why} (${error.hint})`)}\n`)
    .join('');
}
