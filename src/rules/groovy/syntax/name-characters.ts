/** Characters of Groovy identifiers. */
const NAME_START = /[\p{L}_$]/u;
const NAME_PART = /[\p{L}\p{N}_$]/u;

/** Whether the character may begin an identifier. */
export function isNameStart(char: string): boolean {
  const code = char.charCodeAt(0);
  if (code < 128) return (code >= 97 && code <= 122) || (code >= 65 && code <= 90) || code === 95 || code === 36;
  return NAME_START.test(char);
}

/** Whether the character may go on an identifier. */
export function isNamePart(char: string): boolean {
  const code = char.charCodeAt(0);
  if (code < 128) return isNameStart(char) || (code >= 48 && code <= 57);
  return NAME_PART.test(char);
}
