import { distance } from 'fastest-levenshtein';

/** How many letters a typed command may be off and still be offered. */
const NEAR = 2;

/**
 * The command that a mistyped command line most likely meant, or undefined. Compares as many words as the command's
 * name has: `sidecar upgrad main` means `sidecar upgrade`.
 */
export function findClosestCommand(words: readonly string[], names: readonly string[]): string | undefined {
  const ranked = names
    .map((name) => ({ name, off: distance(words.slice(0, name.split(' ').length).join(' '), name) }))
    .toSorted((a, b) => a.off - b.off);
  return ranked.find(({ off, name }) => off <= NEAR && off < name.length)?.name;
}
