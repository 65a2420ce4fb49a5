import { distance } from 'fastest-levenshtein';

/** How many letters a typed name may be off and still be offered. */
const NEAR = 2;

/** The name that a mistyped one most likely meant, or undefined if none is near. */
export function findClosestName(typed: string, names: readonly string[]): string | undefined {
  return nearest(names.map((name) => ({ name, off: distance(typed, name) })));
}

/**
 * The command that a mistyped command line most likely meant, or undefined. Compares as many words as the command's
 * name has: `sidecar upgrad main` means `sidecar upgrade`.
 */
export function findClosestCommand(words: readonly string[], names: readonly string[]): string | undefined {
  return nearest(
    names.map((name) => ({ name, off: distance(words.slice(0, name.split(' ').length).join(' '), name) })),
  );
}

function nearest(candidates: readonly { name: string; off: number }[]): string | undefined {
  return candidates.toSorted((a, b) => a.off - b.off).find(({ name, off }) => off <= NEAR && off < name.length)?.name;
}
