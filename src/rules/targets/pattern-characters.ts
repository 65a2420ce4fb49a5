/** The characters that a simple pattern can match. */

/**
 * Whether no text that a pattern matches holds one of some characters. False where the pattern has more than plain characters,
 * lists of characters, groups and counts.
 */
export function avoids(pattern: string, characters: string): boolean {
  const banned = [...characters].map((char) => char.charCodeAt(0));
  const isBanned = (from: number, to: number): boolean => banned.some((code) => code >= from && code <= to);
  let rest = pattern.replaceAll('[^\\s\\S]', '');
  while (rest !== '') {
    const list = /^\[((?:[^\]\\^]|\\.)(?:[^\]\\]|\\.)*)\]/s.exec(rest);
    const group = /^(?:\(\?:|[()|?*+]|\{\d+(?:,\d*)?\})/.exec(rest);
    if (list !== null) {
      const spans = spansOf(list[1] ?? '');
      if (spans === null || spans.some(([from, to]) => isBanned(from, to))) return false;
      rest = rest.slice(list[0].length);
    } else if (group !== null) rest = rest.slice(group[0].length);
    else {
      const one = characterAt(rest);
      if (one === null || isBanned(one.code, one.code)) return false;
      rest = rest.slice(one.length);
    }
  }
  return true;
}

/** The spans of a list of characters; null for classes such as `\\d`. */
function spansOf(list: string): (readonly [number, number])[] | null {
  const spans: (readonly [number, number])[] = [];
  let rest = list;
  while (rest !== '') {
    const from = characterAt(rest, true);
    if (from === null) return null;
    rest = rest.slice(from.length);
    if (rest.length < 2 || !rest.startsWith('-')) {
      spans.push([from.code, from.code]);
      continue;
    }
    const to = characterAt(rest.slice(1), true);
    if (to === null) return null;
    rest = rest.slice(1 + to.length);
    spans.push([from.code, to.code]);
  }
  return spans;
}

function characterAt(text: string, inList = false): { readonly code: number; readonly length: number } | null {
  const coded = /^\\(?:x([0-9a-fA-F]{2})|u([0-9a-fA-F]{4}))/.exec(text);
  if (coded !== null) return { code: Number.parseInt(coded[1] ?? coded[2] ?? '', 16), length: coded[0].length };
  const quoted = /^\\([^A-Za-z0-9])/.exec(text);
  if (quoted !== null) return { code: text.charCodeAt(1), length: 2 };
  const isSpecial = inList ? /^[\\[&]/ : /^[\\.^$[\]{}]/;
  return isSpecial.test(text) ? null : { code: text.charCodeAt(0), length: 1 };
}
