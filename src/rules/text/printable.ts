/** Text of other hands, safe for a terminal. */

/** Replaces control characters, and those that turn the direction of a line, by their escapes. Tabs become blanks. */
export function printable(text: string): string {
  return text.replaceAll('\t', ' ').replace(/[\p{Cc}\u2028\u2029\u200e\u200f\u202a-\u202e\u2066-\u2069]/gu, (char) => {
    return `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`;
  });
}
