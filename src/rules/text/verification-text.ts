/** The output of `weir rules verify` for a terminal. */
import { plural } from '../../cli/wrap-text.ts';
import { describeCall, describeWitness } from '../equivalence/describe-witness.ts';
import { isVerified, type Verification, type VerifiedRule } from '../usecases/verify-rules.ts';
import { printable } from './printable.ts';

/** The text of `weir rules verify`: a line a rule, and witness calls where script and documents differ. */
export function formatVerification({ scripts, errors, open }: Verification): string {
  const lines: string[] = [];
  for (const { path, rules, comparedCalls } of scripts) {
    lines.push(`${printable(path)}: ${comparedCalls} calls compared`);
    for (const rule of rules) {
      lines.push(`  ${rule.id} line ${rule.line}: ${fateText(rule)}${askedText(rule)}`);
      for (const witness of rule.disagreements) lines.push(`    differs: ${describeWitness(witness)}`);
      for (const { call, plan, real, engine } of rule.oracle?.differences ?? [])
        lines.push(`    real ${engine} differs: ${describeCall(call)}: weir ${plan}, the engine ${real}`);
      if (rule.oracle?.unanswered) lines.push(`    ${rule.oracle.unanswered}`);
      for (const witness of rule.caveats.slice(0, 1)) lines.push(`    caveat: ${describeWitness(witness)}`);
    }
  }
  for (const error of errors) lines.push(`${error.what}: ${error.why}`);
  const rules = scripts.flatMap((script) => script.rules);
  const verified = rules.filter((rule) => rule.state === 'converted' && isVerified(rule)).length;
  lines.push(`${plural(rules.length, 'rule')}: ${verified} verified, ${open} open`);
  return `${lines.join('\n')}\n`;
}

function fateText(rule: VerifiedRule): string {
  const accepted = rule.accepted ? ' (accepted)' : '';
  if (rule.state === 'none') return 'no call comes to it, or it changes none';
  if (rule.reach === 'unknown') return `not known whether a call comes to it${accepted}`;
  if (rule.state === 'left') return `left to the script${accepted}`;
  if (rule.state === 'shadowed') return `shadowed by ${rule.shadowedBy.join(', ')}${accepted}`;
  return `${rule.verdict}, ${rule.cells} cells${accepted}`;
}

function askedText({ oracle }: VerifiedRule): string {
  if (oracle === undefined) return '';
  const unseen = oracle.asked - oracle.equal - oracle.differences.length;
  const rest = unseen > 0 && oracle.unanswered === null ? `, ${unseen} cannot be told from one run` : '';
  return `, ${oracle.equal} of ${oracle.asked} calls equal on the real engine${rest}`;
}
