import type { WeirError } from '../errors/weir-error.ts';
import type { ConversionJson } from '../routing/report/conversion-json.ts';
import { type ScriptResult, scriptFidelity } from '../routing/report/script-result.ts';
import type { Paint } from './paint.ts';
import { plural, wrapText } from './wrap-text.ts';

const SHOWN_DIAGNOSTICS = 20;

/** How a conversion is told: the folder it was written to, null with --check; and the width, null where nothing wraps. */
export interface ConversionTextOptions {
  readonly out: string | null;
  readonly columns: number | null;
}

/** What `weir rules convert` prints: one line a script, what was lost with its place, the sums, and what was written. */
export function formatConversion(
  results: readonly ScriptResult[],
  json: ConversionJson & { readonly stale: readonly string[] },
  paint: Paint,
  { out, columns }: ConversionTextOptions,
): string {
  const lines: string[] = [];
  for (const result of results) {
    const fidelity = scriptFidelity(result);
    const { rules } = result.converted;
    const proved = rules.filter((rule) => rule.verdict.startsWith('proved')).length;
    const state = result.plan.effect.state === 'live' ? fidelity : `${result.plan.effect.state}, ${fidelity}`;
    lines.push(`${result.path}: ${state}, ${plural(rules.length, 'rule')}, ${proved} proved`);
    const shown = result.diagnostics.slice(0, SHOWN_DIAGNOSTICS);
    for (const { code, line, column, rule, message, frame } of shown) {
      const place = [`${line}:${column}`, ...(rule === null ? [] : [rule])].join(' ');
      const [first = '', ...more] = wrapText(`${code} ${place} ${message}`, (columns ?? Number.POSITIVE_INFINITY) - 4);
      lines.push(`  ${first.replace(code, paint.caution(code))}`, ...more.map((row) => `    ${row}`));
      if (frame !== '') lines.push(...frame.split('\n').map((row) => `    ${paint.faint(row)}`));
    }
    const more = result.diagnostics.length - shown.length;
    if (more > 0) lines.push(`  and ${more} more; --report has all`);
  }
  const { totals } = json;
  lines.push(
    `${plural(totals.scripts, 'script')}: ${totals.live} live, ${totals.dead} dead, ${totals.broken} broken`,
    `${plural(totals.rules, 'rule')}: ${totals.exact} exact, ${totals.noted} noted, ${totals.lossy} lossy, ${totals.refused} refused; ${totals.proved} proved on ${plural(totals.comparedCalls, 'call')}`,
  );
  const files = results.reduce((sum, { outputs }) => sum + outputs.length, 0);
  if (out !== null) lines.push(`written: ${plural(files, 'file')} in ${out}`);
  for (const name of json.stale) lines.push(`stale: ${name}`);
  return `${lines.join('\n')}\n`;
}

/** One line for each file that could not be used. */
export function formatRuleErrors(errors: readonly WeirError[]): string {
  return errors.map((error) => `${error.message}: ${error.why}\n`).join('');
}
