/** Entries of one document, with those of another one that divide the calls further. */
import type { LeafConstants, TargetEntries } from '../models/target-model.ts';

/** The entries of a document, followed by those of another one: calls that either tells apart are in different cells. */
export function dividedEntries(own: TargetEntries, other: TargetEntries): TargetEntries {
  const count = own.names.length;
  return {
    names: [...own.names, ...other.names],
    ids: [...own.ids, ...other.ids],
    own: count,
    domain: (entry, leaf) => (entry < count ? own.domain(entry, leaf) : other.domain(entry - count, leaf)),
    holds: (entry, leaf, value) =>
      entry < count ? own.holds(entry, leaf, value) : other.holds(entry - count, leaf, value),
    constants: (leaf) => joined(own.constants(leaf), other.constants(leaf)),
  };
}

function joined(a: LeafConstants, b: LeafConstants): LeafConstants {
  return {
    texts: [...a.texts, ...b.texts],
    prefixes: [...a.prefixes, ...b.prefixes],
    patterns: [...a.patterns, ...b.patterns],
    numbers: [...a.numbers, ...b.numbers],
    moduli: [...a.moduli, ...b.moduli],
  };
}
