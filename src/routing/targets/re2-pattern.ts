import { withoutImplied } from '../equivalence/implied.ts';
import { javaRegexSource } from '../models/java-regex.ts';

/** Istio refuses longer patterns (pkg/config/validation). */
const LONGEST_PATTERN = 1024;

/**
 * A pattern for RE2 (full match) with the language of all the given Java patterns together; null when RE2 cannot say it:
 * lookaround, a last-line `$`, more than one pattern that does not follow from another, or more than 1024 characters.
 */
export function re2Pattern(javaPatterns: readonly string[]): string | null {
  const [only, ...more] = withoutImplied(javaPatterns);
  if (only === undefined || more.length > 0) return null;
  let source: string;
  try {
    source = javaRegexSource(only);
  } catch {
    return null;
  }
  // What is left of JavaScript's dialect after translation and means something else, or nothing, in RE2.
  if (/\(\?[=!<]/.test(source) || /\{\d*,?(\d{4,})\}/.test(source)) return null;
  const pattern = source.replaceAll('[^]', '[\\s\\S]').replace(/\\u([0-9a-fA-F]{4})/g, '\\x{$1}');
  // Istio takes no empty pattern.
  if (pattern === '') return '(?:)';
  return pattern.length <= LONGEST_PATTERN ? pattern : null;
}
