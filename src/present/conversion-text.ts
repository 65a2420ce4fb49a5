import type { WeirError } from '../errors/weir-error.ts';
import type { ConversionJson } from '../routing/report/conversion-json.ts';
import { type ScriptResult, scriptFidelity } from '../routing/report/script-result.ts';
import type { Paint } from './paint.ts';

const SHOWN_DIAGNOSTICS = 20;

/** What `weir rules convert` and `inspect` print: one line a script, what was lost with its place, and the sums. */
export function formatConversion(
  results: readonly ScriptResult[],
  json: ConversionJson & { readonly stale?: readonly string[] },
  paint: Paint,
): string {
  const lines: string[] = [];
  for (const result of results) {
    const fidelity = scriptFidelity(result);
    const { rules } = result.converted;
    const proved = rules.filter((rule) => rule.verdict.startsWith('proved')).length;
    const state = result.plan.effect.state === 'live' ? fidelity : `${result.plan.effect.state}, ${fidelity}`;
    lines.push(`${result.path}: ${state}, ${rules.length} rules, ${proved} proved`);
    const shown = result.diagnostics.slice(0, SHOWN_DIAGNOSTICS);
    for (const one of shown) {
      lines.push(
        `  ${paint.caution(one.code)} ${one.line}:${one.column} ${one.rule ?? ''} ${one.message}`.replace('  ', ' '),
      );
      if (one.frame !== '') lines.push(...one.frame.split('\n').map((line) => `    ${paint.faint(line)}`));
    }
    const more = result.diagnostics.length - shown.length;
    if (more > 0) lines.push(`  and ${more} more; --report has all`);
  }
  const { totals } = json;
  lines.push(
    `${totals.scripts} scripts (${totals.live} live, ${totals.dead} dead, ${totals.broken} broken), ${totals.rules} rules: ${totals.exact} exact, ${totals.noted} noted, ${totals.lossy} lossy, ${totals.refused} refused; ${totals.proved} proved on ${totals.comparedCalls} calls`,
  );
  for (const name of json.stale ?? []) lines.push(`stale: ${name}`);
  return `${lines.join('\n')}\n`;
}

/** One line for each file that could not be used. */
export function formatRuleErrors(errors: readonly WeirError[]): string {
  return errors.map((error) => `${error.message}: ${error.why}\n`).join('');
}
