/** The output of `weir rules inspect` for a terminal. */
import type { Paint } from '../../cli/paint.ts';
import { levelsOf } from '../report/script-result.ts';
import type { InspectedScript, Inspection } from '../usecases/inspect-rules.ts';
import { diagnosticLines } from './diagnostic-lines.ts';
import { printable } from './printable.ts';

/** The text of `weir rules inspect`: a block for each file. */
export function formatInspection({ scripts, errors }: Inspection, paint: Paint): string {
  const lines: string[] = [];
  for (const script of scripts) {
    lines.push(`${printable(script.path)}: ${script.kind} (${script.form}), ${script.effect}`);
    for (const reason of script.reasons) lines.push(`  ${printable(reason)}`);
    for (const { rule, code, message } of script.contradicted) lines.push(`  ${code} ${rule}: ${printable(message)}`);
    const who = [script.scope.service, script.scope.providerApp].filter((part) => part !== null).join(' of ');
    if (who !== '') lines.push(`  for ${printable(who)}`);
    for (const engine of script.loadedBy)
      lines.push(`  ${engine.engine}: ${engine.loads ? 'loads it' : 'does not load it'}, ${engine.why}`);
    lines.push(`  rules: ${levelsOf(script.rules)}`, ...diagnosticLines(unsaid(script), paint));
  }
  for (const error of errors) lines.push(printable(`${error.what}: ${error.why}`));
  return `${lines.join('\n')}\n`;
}

/** The findings that do not stand above already. */
function unsaid({ diagnostics, reasons, contradicted }: InspectedScript): InspectedScript['diagnostics'] {
  const said = new Set([...reasons, ...contradicted.map(({ message }) => message)]);
  return diagnostics.filter(({ message }) => !said.has(message));
}
