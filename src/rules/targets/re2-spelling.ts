/** One Java pattern in the spelling of RE2. */
import { javaRegexSource } from '../regex/run-pattern.ts';

/** Istio refuses longer patterns (pkg/config/validation). */
const LONGEST_PATTERN = 1024;

/** What Java's dot stands for. In names of Java and in HTTP headers, which have no line ends, the dot of RE2 is the same. */
const NO_LINE_END = '[^\\n\\r\\x{0085}\\x{2028}\\x{2029}]';

/**
 * A pattern for RE2 (full match) that matches where the Java pattern matches. Null when RE2 cannot say it: lookaround, a
 * last-line `$`, or more than 1024 characters. Texts of `oneLine` have no line ends: names of services and methods.
 */
export function re2Spelling(javaPattern: string, oneLine = false): string | null {
  let source: string;
  try {
    source = javaRegexSource(javaPattern);
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
