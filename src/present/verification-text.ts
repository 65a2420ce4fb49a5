import { describeCall, describeWitness } from '../routing/report/markdown-report.ts';
import type { Verification, VerifiedRule } from '../usecases/rules/verify-rules.ts';

/** What `weir rules verify` prints: a line a rule, and witness calls where script and documents differ. */
export function formatVerification({ scripts }: Verification): string {
  const lines: string[] = [];
  for (const { path, rules, comparedCalls } of scripts) {
    lines.push(`${path}: ${comparedCalls} calls compared`);
    for (const rule of rules) {
      lines.push(`  ${rule.id} line ${rule.line}: ${rule.verdict}, ${rule.cells} cells${askedText(rule)}`);
      for (const witness of rule.disagreements) lines.push(`    differs: ${describeWitness(witness)}`);
      for (const { call, plan, real } of rule.oracle?.differences ?? [])
        lines.push(`    real Groovy differs: ${describeCall(call)}: weir ${plan}, Groovy ${real}`);
      if (rule.oracle?.unanswered) lines.push(`    real Groovy: ${rule.oracle.unanswered}`);
      for (const witness of rule.caveats.slice(0, 1)) lines.push(`    caveat: ${describeWitness(witness)}`);
    }
  }
  return `${lines.join('\n')}\n`;
}

function askedText({ oracle }: VerifiedRule): string {
  if (oracle === undefined) return '';
  const unseen = oracle.asked - oracle.equal - oracle.differences.length;
  const rest = unseen > 0 && oracle.unanswered === null ? `, ${unseen} cannot be told from one run` : '';
  return `, ${oracle.equal} of ${oracle.asked} calls equal on real Groovy${rest}`;
}
