/** The report of a conversion as Markdown. */
import { DIAGNOSTICS } from '../diagnostics/catalogue.ts';
import { describeWitness } from '../equivalence/describe-witness.ts';
import { conversionJson } from './conversion-json.ts';
import { fateOf, levelsOf, type ScriptResult, scriptFidelity, sentenceOf, unneededOf } from './script-result.ts';

/** The report of a run for people: totals, then each script with its rules, what they lose, witness calls and repairs. */
export function markdownReport(results: readonly ScriptResult[], target: string): string {
  const { totals } = conversionJson(results, target);
  const lines = [
    '# Conversion of routing rules',
    '',
    `Target: ${target}. ${totals.scripts} scripts (${totals.live} live, ${totals.dead} dead, ${totals.broken} broken), ${totals.rules} rules: ${totals.states.converted} converted, ${totals.states.shadowed} shadowed, ${totals.states.left} left to the script, ${unneededOf(results)}; ${levelsOf(totals)}.`,
    `Both models were asked about ${totals.comparedCalls} calls.`,
    '',
    '| script | kind | effect | fidelity | rules | converted | not in force in the documents |',
    '|---|---|---|---|---|---|---|',
    ...results.map((result) => {
      const { rules } = result.converted;
      const done = rules.filter((rule) => rule.state === 'converted').length;
      const open = rules.filter((rule) => rule.state === 'left' || rule.state === 'shadowed').length;
      return `| ${cell(result.path)} | ${result.plan.source.kind} | ${result.plan.effect.state} | ${scriptFidelity(result)} | ${rules.length} | ${done} | ${open} |`;
    }),
    '',
  ];
  for (const result of results) lines.push(...scriptSection(result));
  return `${lines.join('\n').trimEnd()}\n`;
}

function scriptSection(result: ScriptResult): string[] {
  const lines = [`## ${result.path}`, ''];
  if (result.plan.effect.state !== 'live') {
    lines.push(
      `**${result.plan.effect.state}**: ${result.plan.effect.reasons.map((one) => prose(one.message)).join(' ')}`,
      '',
    );
  }
  for (const rule of result.converted.rules) {
    lines.push(`- line ${rule.line}: ${plain(sentenceOf(result, rule.id))} *(${rule.id}, ${fateOf(rule, result)})*`);
  }
  lines.push('', '| rule | line | state | fidelity | verdict | cells | diagnostics |', '|---|---|---|---|---|---|---|');
  for (const rule of result.converted.rules) {
    const codes = [...new Set(result.diagnostics.filter((one) => one.rule === rule.id).map((one) => one.code))].sort();
    lines.push(
      `| ${rule.id} | ${rule.line} | ${rule.state} | ${rule.fidelity} | ${rule.verdict} | ${rule.proof?.cells ?? 0} | ${codes.join(', ')} |`,
    );
  }
  lines.push('');
  for (const one of result.diagnostics) {
    const where = `${result.path}:${one.line}:${one.column}`;
    lines.push(`- **${one.code}** ${where}${one.rule === null ? '' : ` (${one.rule})`}: ${prose(one.message)}`);
    lines.push(`  ${prose(DIAGNOSTICS[one.code].instead)}`);
    if (one.frame !== '') lines.push('', '  ```', ...one.frame.split('\n').map((line) => `  ${line}`), '  ```', '');
  }
  for (const rule of result.converted.rules) {
    for (const witness of [...(rule.proof?.disagreements ?? []), ...(rule.proof?.caveats ?? []).slice(0, 1)]) {
      lines.push(`- Witness for ${rule.id}: ${describeWitness(witness)}`);
    }
  }
  lines.push('');
  return lines;
}

/** Text in which nothing looks like a tag, which Markdown would leave out. */
function prose(text: string): string {
  return text.replaceAll(/<(?=[a-z/])/gi, '\\<');
}

// Stars and angle brackets of patterns are no Markdown.
function plain(text: string): string {
  return text.replaceAll(/[\\*_<`]/g, (char) => `\\${char}`);
}

function cell(text: string): string {
  return text.replaceAll('|', '\\|');
}
