/** Why a rule is refused for what its proof says. */
import { describeWitness } from './describe-witness.ts';
import type { RuleProof } from './tally.ts';

/** Whether the documents do something else than the script for a call of the rule. */
export function isWrong({ disagreements }: RuleProof): boolean {
  return disagreements.length > 0;
}

/** The reason in one sentence; it holds the witness where there is one. */
export function rejection({ reach, disagreements: [witness] }: RuleProof): string {
  if (witness !== undefined) return `The documents would not do what the script does: ${describeWitness(witness)}.`;
  return reach === 'unknown'
    ? 'It is not known whether a call comes to it: weir found none, and did not look at all values that the rules tell apart (`sampled`).'
    : 'Not all values that the rules tell apart were compared, so it is not proved (`sampled`).';
}
