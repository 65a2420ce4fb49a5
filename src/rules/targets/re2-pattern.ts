/** Java patterns for engines with RE2. */
import { withoutImplied } from '../equivalence/implied.ts';
import { javaRegexSource } from '../regex/run-pattern.ts';

/** Istio refuses longer patterns (pkg/config/validation). */
const LONGEST_PATTERN = 1024;

/** What Java's dot stands for. In names of Java and in HTTP headers, which have no line ends, the dot of RE2 is the same. */
const NO_LINE_END = '[^\\n\\r\\x{0085}\\x{2028}\\x{2029}]';

/**
 * A pattern for RE2 (full match) that matches where all the given Java patterns match. Null when RE2 cannot say it:
 * lookaround, a last-line `$`, several patterns that do not follow from one, or more than 1024 characters. Texts of
 * `oneLine` have no line ends: names of services and methods.
 */
export function re2Pattern(javaPatterns: readonly string[], oneLine = false): string | null {
  const [only, ...more] = withoutImplied(javaPatterns);
  if (only === undefined || more.length > 0) return null;
  let source: string;
  try {
    source = javaRegexSource(only);
  } catch {
    return null;
  }
  // These forms of JavaScript's dialect survive the translation, but RE2 reads them differently or refuses them.
  if (/\(\?[=!<]/.test(source) || /\{\d*,?(\d{4,})\}/.test(source)) return null;
  const spelled = source
    .replaceAll('[^]', '[\\s\\S]')
    .replace(/\\u([0-9a-fA-F]{4})/g, '\\x{$1}')
    // RE2 would take digits behind it for an octal number, and models read Java's spelling.
    .replace(/\\[\s\S]/g, (pair) => (pair === '\\0' ? '\\x00' : pair));
  const pattern = oneLine ? spelled.replaceAll(NO_LINE_END, '.') : spelled;
  // Istio takes no empty pattern.
  if (pattern === '') return '(?:)';
  return pattern.length <= LONGEST_PATTERN ? pattern : null;
}
