/** Removes patterns that follow from others, by their automata. */
import { DFA, isDisjointWith } from 'refa';
import { automaton } from './languages.ts';

/** Leaves out every pattern whose language contains that of another one, so that "prefix t- and t-\d+" is `t-\d+` alone. */
export function withoutImplied(patterns: readonly string[]): string[] {
  const kept = [...new Set(patterns)];
  for (let at = kept.length - 1; at >= 0 && kept.length > 1; at -= 1) {
    const candidate = kept[at];
    if (candidate === undefined) continue;
    const others = kept.filter((_, index) => index !== at);
    if (others.some((other) => isContained(other, candidate))) kept.splice(at, 1);
  }
  return kept;
}

// Pure, and asked again for every entry and every rule that holds the same patterns.
const CONTAINED = new Map<string, Map<string, boolean>>();
let remembered = 0;
const MAX_REMEMBERED = 4000;

function isContained(inner: string, outer: string): boolean {
  const known = CONTAINED.get(inner)?.get(outer);
  if (known !== undefined) return known;
  const answer = computeContained(inner, outer);
  if (remembered >= MAX_REMEMBERED) {
    CONTAINED.clear();
    remembered = 0;
  }
  remembered += 1;
  const answers = CONTAINED.get(inner);
  if (answers === undefined) CONTAINED.set(inner, new Map([[outer, answer]]));
  else answers.set(outer, answer);
  return answer;
}

// inner is in outer if it meets nothing of what is outside outer. Patterns without an automaton are kept.
function computeContained(inner: string, outer: string): boolean {
  try {
    const outside = DFA.fromFA(automaton(outer));
    outside.complement();
    return isDisjointWith(automaton(inner), outside);
  } catch {
    return false;
  }
}
