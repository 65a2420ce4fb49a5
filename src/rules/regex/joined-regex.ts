/** Takes `(?=(?:A)\z)(?=(?:B)\z)(?:C)` apart, which is how weir writes "A and B and C". */
export function joinedParts(pattern: string): string[] {
  if (!pattern.startsWith('(?=(?:')) return [pattern];
  const parts: string[] = [];
  let rest = pattern;
  while (rest.startsWith('(?=(?:')) {
    const end = closing(rest, 3);
    if (end < 0 || !rest.startsWith('\\z)', end + 1)) return [pattern];
    parts.push(rest.slice(6, end));
    rest = rest.slice(end + 4);
  }
  if (!rest.startsWith('(?:') || closing(rest, 0) !== rest.length - 1) return [pattern];
  return [...parts, rest.slice(3, -1)];
}

// Index of the parenthesis that closes the one at `from`; escapes and classes are skipped.
function closing(text: string, from: number): number {
  let depth = 0;
  let inClass = false;
  for (let at = from; at < text.length; at += 1) {
    const char = text[at];
    if (char === '\\') at += 1;
    else if (inClass) inClass = char !== ']';
    else if (char === '[') inClass = true;
    else if (char === '(') depth += 1;
    else if (char === ')') {
      depth -= 1;
      if (depth === 0) return at;
    }
  }
  return -1;
}
