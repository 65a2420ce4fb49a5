import { describeWitness } from '../routing/report/markdown-report.ts';
import type { Verification } from '../usecases/rules/verify-rules.ts';

/** What `weir rules verify` prints: a line a rule, and witness calls where script and documents differ. */
export function formatVerification({ scripts }: Verification): string {
  const lines: string[] = [];
  for (const { path, rules, comparedCalls } of scripts) {
    lines.push(`${path}: ${comparedCalls} calls compared`);
    for (const rule of rules) {
      lines.push(`  ${rule.id} line ${rule.line}: ${rule.verdict}, ${rule.cells} cells`);
      for (const witness of rule.disagreements) lines.push(`    differs: ${describeWitness(witness)}`);
      for (const witness of rule.caveats.slice(0, 1)) lines.push(`    caveat: ${describeWitness(witness)}`);
    }
  }
  return `${lines.join('\n')}\n`;
}
