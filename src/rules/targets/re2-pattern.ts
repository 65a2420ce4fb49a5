/** Java patterns for engines with RE2. */
import { withoutImplied } from '../equivalence/implied.ts';
import { re2Spelling } from './re2-spelling.ts';

/** A pattern for RE2 that matches where all the given Java patterns match; null too for several that do not follow from one. */
export function re2Pattern(javaPatterns: readonly string[], oneLine = false): string | null {
  const [only, ...more] = withoutImplied(javaPatterns);
  return only === undefined || more.length > 0 ? null : re2Spelling(only, oneLine);
}
