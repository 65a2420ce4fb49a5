/** Leaves out entries that no call reaches; what they stood for stays on record in an entry that takes their calls. */

/** An entry as far as this matters here. */
interface Droppable {
  readonly rules: readonly string[];
  readonly refused: boolean;
}

/**
 * The entries that stay, in order. When a refused entry goes, the nearest refused entry in front takes over the names
 * of its rules; without one, the next does. Readers of the document then see that the script keeps these calls.
 */
export function keepReachable<T extends Droppable>(
  entries: readonly T[],
  isKept: (entry: T, index: number) => boolean,
): T[] {
  const kept: T[] = [];
  let homeless: string[] = [];
  entries.forEach((entry, index) => {
    if (isKept(entry, index)) {
      kept.push(entry.refused ? withRules(entry, homeless) : entry);
      if (entry.refused) homeless = [];
      return;
    }
    if (!entry.refused) return;
    const at = kept.findLastIndex((one) => one.refused);
    const host = kept[at];
    if (host === undefined) homeless.push(...entry.rules);
    else kept[at] = withRules(host, entry.rules);
  });
  return kept;
}

function withRules<T extends Droppable>(entry: T, rules: readonly string[]): T {
  const all = [...new Set([...entry.rules, ...rules])];
  return all.length === entry.rules.length ? entry : { ...entry, rules: all };
}
