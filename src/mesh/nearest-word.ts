/** Suggestions for a mistyped key of mesh.yaml. */
import { editDistance } from '../platform/edit-distance.ts';

/** What people write from memory of other tools. */
const SYNONYMS: Readonly<Record<string, string>> = {
  address: 'cidrs',
  cgroup: 'slice',
  cidr: 'cidrs',
  failure: 'onFailure',
  gid: 'group',
  port: 'ports',
  readypath: 'ready',
  ttl: 'lease',
  uid: 'user',
  uids: 'users',
};

/** A list of thousands, for each of thousands of mistakes, would take minutes. */
const MOST_CHOICES = 200;

/** The choice that was most likely meant by `word`, ignoring case; null if none is near. */
export function nearestWord(word: string, choices: readonly string[]): string | null {
  // The distance takes length times length: a key of a megabyte is no slip of the pen.
  if (word.length > 64) return null;
  const lower = word.toLowerCase();
  const synonym = choices.find((choice) => choice === SYNONYMS[lower]);
  if (synonym !== undefined) return synonym;
  const scored = choices
    .slice(0, MOST_CHOICES)
    .map((choice) => ({ choice, slips: editDistance(lower, choice.toLowerCase()) }));
  const best = scored.toSorted((a, b) => a.slips - b.slips)[0];
  return best !== undefined && best.slips <= Math.ceil(word.length / 3) ? best.choice : null;
}
