/** Finds where a text stops being JSON: the messages of the engine do not say. */

const TOKEN =
  /\s*(?:([{}[\],:])|("(?:[^"\\\n\r\t]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*")|(-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?|true|false|null))/y;

/** Offset of the first character that no JSON could have there; the end of the text where it is cut short. */
export function jsonMistake(text: string): number {
  const open: ('{' | '[')[] = [];
  // The token expected next: a value, the end of a list or object instead of its first item, a key, `:` or `,`.
  let want: 'value' | 'first' | 'key' | 'firstKey' | ':' | ',' = 'value';
  TOKEN.lastIndex = 0;
  for (;;) {
    const from = TOKEN.lastIndex;
    const match = TOKEN.exec(text);
    const at = from + (/^\s*/.exec(text.slice(from))?.[0].length ?? 0);
    if (match === null) return at;
    const sign = match[1];
    const top = open.at(-1);
    if (sign === '}' || sign === ']') {
      const isEmpty = want === (sign === '}' ? 'firstKey' : 'first');
      if (top !== (sign === '}' ? '{' : '[') || (want !== ',' && !isEmpty)) return at;
      open.pop();
      want = ',';
    } else if (sign === ',') {
      if (want !== ',' || top === undefined) return at;
      want = top === '{' ? 'key' : 'value';
    } else if (sign === ':') {
      if (want !== ':') return at;
      want = 'value';
    } else if (want === 'key' || want === 'firstKey') {
      if (match[2] === undefined) return at;
      want = ':';
    } else if (want === 'value' || want === 'first') {
      if (sign === undefined) want = ',';
      else {
        open.push(sign as '{' | '[');
        want = sign === '{' ? 'firstKey' : 'first';
      }
    } else return at;
  }
}
