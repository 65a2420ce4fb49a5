/** The output of `weir rules inspect` for a terminal. */
import type { Inspection } from '../usecases/inspect-rules.ts';

/** The text of `weir rules inspect`: a block for each file. */
export function formatInspection({ scripts, errors }: Inspection): string {
  const lines: string[] = [];
  for (const script of scripts) {
    const { exact, noted, lossy, refused } = script.rules;
    lines.push(`${script.path}: ${script.kind} (${script.form}), ${script.effect}`);
    for (const reason of script.reasons) lines.push(`  ${reason}`);
    for (const { rule, code, message } of script.contradicted) lines.push(`  ${code} ${rule}: ${message}`);
    const who = [script.scope.service, script.scope.providerApp].filter((part) => part !== null).join(' of ');
    if (who !== '') lines.push(`  for ${who}`);
    for (const engine of script.loadedBy)
      lines.push(`  ${engine.engine}: ${engine.loads ? 'loads it' : 'does not load it'}, ${engine.why}`);
    lines.push(`  rules: ${exact} exact, ${noted} noted, ${lossy} lossy, ${refused} refused`);
  }
  for (const error of errors) lines.push(`${error.what.replace(/\.$/, '')}: ${error.why}`);
  return `${lines.join('\n')}\n`;
}
