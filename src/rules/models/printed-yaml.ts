/** A quick reader of the few forms of YAML in which weir prints documents. */
import { plainValue, type YamlValue } from './yaml-scalar.ts';

/** What is no line end, tab, control character or unusual space in any version of YAML. */
const PLAIN_CHARACTERS = /^[\n\x20-\x7e\u00a1-\u1fff\u3001-\ud7ff\uff01-\uffee]*$/;
const KEY = /[A-Za-z_][A-Za-z0-9_./-]*(?=:)/y;
const SINGLE = /'(?:[^'\n]|'')*'/y;
const DOUBLE = /"(?:[ !#-[\]-~]|\\["\\bfnrt]|\\u[0-9a-f]{4})*"/y;
const WORD = /(?:true|false|null|-?\d+(?:\.\d+)?(?:e[-+]\d+)?|-?\.inf|\.nan)(?=$|[,\]}])/y;
/** Longer keys need a mark of their own. */
const LONGEST_KEY = 1000;
const [SPACE, DASH, HASH, COLON, QUOTE] = [0x20, 0x2d, 0x23, 0x3a, 0x27] as const;

/** The text has a form that weir does not print: another reader is asked. */
class OtherForm extends Error {}

/**
 * The documents of a text as a reader of all of YAML has them, or null where a line has another form than those that weir prints:
 * maps and lists in blocks, short ones in braces and brackets, quoted texts, numbers, `true`, `false`, `null`, lines of comment.
 * Reading is most of a proof's time otherwise.
 */
export function readPrintedYaml(text: string): readonly YamlValue[] | null {
  if (!text.endsWith('\n') || !PLAIN_CHARACTERS.test(text)) return null;
  try {
    return new PrintedReader(text).documents();
  } catch (error) {
    if (error instanceof OtherForm) return null;
    throw error;
  }
}

/** Keys that a reader takes for another class than text. */
const NO_TEXT = /^(?:y|n|yes|no|on|off|true|false|null)$/i;

class PrintedReader {
  readonly #lines: readonly string[];
  #row = -1;
  #line = '';
  /** Where the rest of the line begins: behind its spaces, and behind the dashes that were read. -1 past the last line. */
  #column = -1;

  constructor(text: string) {
    this.#lines = text.slice(0, -1).split('\n');
    this.#nextLine();
  }

  documents(): YamlValue[] {
    const found: YamlValue[] = [];
    if (this.#line === '---') this.#nextLine();
    for (;;) {
      if (this.#column !== 0 || this.#isDash() || this.#line === '---') throw new OtherForm();
      found.push(this.#map(0));
      if (this.#column < 0) return found;
      if (this.#line !== '---') throw new OtherForm();
      this.#nextLine();
    }
  }

  #nextLine(): void {
    for (;;) {
      this.#row += 1;
      const line = this.#lines[this.#row];
      if (line === undefined) {
        this.#line = '';
        this.#column = -1;
        return;
      }
      let column = 0;
      while (line.charCodeAt(column) === SPACE) column += 1;
      if (column === line.length) throw new OtherForm();
      if (line.charCodeAt(column) === HASH) continue;
      this.#line = line;
      this.#column = column;
      return;
    }
  }

  #isDash(): boolean {
    return this.#line.charCodeAt(this.#column) === DASH && this.#line.charCodeAt(this.#column + 1) === SPACE;
  }

  /** Whether the block of a column goes on at this line; deeper lines belong to nobody. */
  #goesOn(column: number): boolean {
    if (this.#column > column) throw new OtherForm();
    return this.#column === column && this.#line !== '---';
  }

  #list(column: number): YamlValue[] {
    const items: YamlValue[] = [];
    while (this.#goesOn(column)) {
      if (!this.#isDash()) throw new OtherForm();
      this.#column = column + 2;
      if (this.#isDash()) items.push(this.#list(this.#column));
      else if (this.#keyEnd() > 0) items.push(this.#map(this.#column));
      else items.push(this.#lastValue(this.#column));
    }
    return items;
  }

  #map(column: number): Map<string, YamlValue> {
    const map = new Map<string, YamlValue>();
    while (this.#goesOn(column)) {
      const end = this.#keyEnd();
      if (end < 0) throw new OtherForm();
      const key = this.#key(end);
      if (end + 1 < this.#line.length) {
        map.set(key, this.#lastValue(end + 2));
        continue;
      }
      this.#nextLine();
      if (this.#column <= column) throw new OtherForm();
      map.set(key, this.#isDash() ? this.#list(this.#column) : this.#map(this.#column));
    }
    return map;
  }

  /** The place of the colon behind the key with which the rest of the line begins, or -1. */
  #keyEnd(): number {
    const at = this.#column;
    const code = this.#line.charCodeAt(at);
    const form = code === QUOTE ? SINGLE : code === 0x22 ? DOUBLE : KEY;
    form.lastIndex = at;
    if (!form.test(this.#line)) return -1;
    const end = form.lastIndex;
    if (this.#line.charCodeAt(end) !== COLON || end - at > LONGEST_KEY) return -1;
    return end + 1 === this.#line.length || this.#line.charCodeAt(end + 1) === SPACE ? end : -1;
  }

  #key(end: number): string {
    const text = this.#line.slice(this.#column, end);
    const code = text.charCodeAt(0);
    if (code === QUOTE) return unquoted(text);
    if (code === 0x22) return JSON.parse(text);
    if (NO_TEXT.test(text)) throw new OtherForm();
    return text;
  }

  /** The value that ends the line. */
  #lastValue(at: number): YamlValue {
    const { value, end } = this.#value(at, true);
    if (end !== this.#line.length) throw new OtherForm();
    this.#nextLine();
    return value;
  }

  #value(at: number, isNested: boolean): { readonly value: YamlValue; readonly end: number } {
    const char = this.#line.charAt(at);
    if (char === "'") {
      const text = this.#token(SINGLE, at);
      return { value: unquoted(text), end: at + text.length };
    }
    if (char === '"') {
      const text = this.#token(DOUBLE, at);
      return { value: JSON.parse(text) as string, end: at + text.length };
    }
    if (char === '{') return this.#inlineMap(at + 1);
    if (char === '[' && isNested) return this.#inlineList(at + 1);
    const text = this.#token(WORD, at);
    return { value: plainValue(text), end: at + text.length };
  }

  #inlineMap(from: number): { readonly value: YamlValue; readonly end: number } {
    const map = new Map<string, YamlValue>();
    if (this.#line.charAt(from) === '}') return { value: map, end: from + 1 };
    for (let at = from; ; ) {
      const key = this.#token(KEY, at);
      if (NO_TEXT.test(key) || this.#line.charCodeAt(at + key.length + 1) !== SPACE) throw new OtherForm();
      const { value, end } = this.#value(at + key.length + 2, false);
      map.set(key, value);
      if (this.#line.charAt(end) === '}') return { value: map, end: end + 1 };
      at = this.#behindComma(end);
    }
  }

  #inlineList(from: number): { readonly value: YamlValue; readonly end: number } {
    const items: YamlValue[] = [];
    if (this.#line.charAt(from) === ']') return { value: items, end: from + 1 };
    for (let at = from; ; ) {
      const { value, end } = this.#value(at, false);
      items.push(value);
      if (this.#line.charAt(end) === ']') return { value: items, end: end + 1 };
      at = this.#behindComma(end);
    }
  }

  #behindComma(at: number): number {
    if (!this.#line.startsWith(', ', at)) throw new OtherForm();
    return at + 2;
  }

  #token(form: RegExp, at: number): string {
    form.lastIndex = at;
    if (!form.test(this.#line)) throw new OtherForm();
    return this.#line.slice(at, form.lastIndex);
  }
}

function unquoted(text: string): string {
  const inner = text.slice(1, -1);
  return inner.includes("'") ? inner.replaceAll("''", "'") : inner;
}
