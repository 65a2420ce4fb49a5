/**
 * The text with everything that a terminal would obey or that would turn the reading direction replaced by `?`:
 * control characters, line and paragraph separators, bidirectional controls. Text of a file is untrusted.
 */
export function printableText(text: string): string {
  return text.replace(/[\p{Cc}\p{Zl}\p{Zp}\p{Bidi_Control}]/gu, '?');
}
