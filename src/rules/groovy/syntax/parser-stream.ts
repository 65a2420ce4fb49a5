/** The parser's innermost layer: tokens, names and types. */
import type { Annotation, TypeName } from './ast.ts';
import type { Attempt, ParserMemory } from './parser-memory.ts';
import type { TextRange } from './source.ts';
import { GroovySyntaxError } from './syntax-error.ts';
import { GROOVY_PRIMITIVES, type Token } from './token.ts';

/** Deepest nesting of expressions and blocks; deeper texts are refused, so that no stack overflows. */
export const GROOVY_NESTING_LIMIT = 260;

/** Tokens with a position, and the parts of the grammar that need no expressions: names, types, annotations. */
export class TokenStream {
  protected readonly text: string;
  protected readonly tokens: readonly Token[];
  protected readonly memory: ParserMemory;
  protected at = 0;
  #depth: number;

  constructor(text: string, tokens: readonly Token[], memory: ParserMemory, depth = 0) {
    this.text = text;
    this.tokens = tokens;
    this.memory = memory;
    this.#depth = depth;
  }

  protected get depth(): number {
    return this.#depth;
  }

  /** Runs `read` one level deeper. */
  protected nested<T>(read: () => T): T {
    if (this.#depth >= GROOVY_NESTING_LIMIT) {
      throw new GroovySyntaxError(`nested more than ${GROOVY_NESTING_LIMIT} levels deep`, this.peek(), true);
    }
    this.#depth++;
    try {
      return read();
    } finally {
      this.#depth--;
    }
  }

  protected peek(ahead = 0): Token {
    const token = this.tokens[this.at + ahead] ?? this.tokens.at(-1);
    if (token === undefined) throw new GroovySyntaxError('nothing to read', { start: 0, end: 0 });
    return token;
  }

  protected next(): Token {
    const token = this.peek();
    this.memory.count(token);
    if (this.at < this.tokens.length - 1) this.at++;
    return token;
  }

  /** End offset of the token that was read last. */
  protected get lastEnd(): number {
    return this.tokens[this.at - 1]?.end ?? 0;
  }

  protected isOp(text: string, ahead = 0): boolean {
    const token = this.peek(ahead);
    return token.kind === 'op' && token.text === text;
  }

  protected isWord(text: string, ahead = 0): boolean {
    const token = this.peek(ahead);
    return token.kind === 'keyword' && token.text === text;
  }

  protected takeOp(text: string): boolean {
    if (!this.isOp(text)) return false;
    this.next();
    return true;
  }

  protected takeWord(text: string): boolean {
    if (!this.isWord(text)) return false;
    this.next();
    return true;
  }

  protected expectOp(text: string): Token {
    if (!this.isOp(text)) throw this.unexpected(`'${text}'`);
    return this.next();
  }

  protected expectWord(text: string): Token {
    if (!this.isWord(text)) throw this.unexpected(text);
    return this.next();
  }

  protected expectName(what: string): Token {
    if (this.peek().kind !== 'name') throw this.unexpected(what);
    return this.next();
  }

  protected skipNewlines(): void {
    while (this.peek().kind === 'nl') this.next();
  }

  /** Index of the next token that is no line end, as a distance from here. */
  protected pastNewlines(from = 0): number {
    let ahead = from;
    while (this.peek(ahead).kind === 'nl') ahead++;
    return ahead;
  }

  protected unexpected(wanted: string): GroovySyntaxError {
    const token = this.peek();
    const got =
      token.kind === 'eof'
        ? token.text === ''
          ? 'the end of the text'
          : "'}'"
        : token.kind === 'nl'
          ? 'the end of the line'
          : `'${this.text.slice(token.start, token.end).slice(0, 40)}'`; // prettier-ignore
    return new GroovySyntaxError(`expected ${wanted}, got ${got}`, token);
  }

  /** `read`, or undefined and no progress where it fails. Failures beyond a limit are not hidden. */
  protected attempt<T>(attempt: Attempt, read: () => T | undefined): T | undefined {
    const mark = this.at;
    const token = this.peek();
    if (this.memory.hasFailed(attempt, token)) return undefined;
    const errors = this.memory.errors.length;
    try {
      const result = read();
      if (result !== undefined) return result;
    } catch (error) {
      if (!(error instanceof GroovySyntaxError) || error.limit) throw error;
    }
    this.at = mark;
    // The errors of an abandoned attempt go. The next reading of the same text reports those that are real.
    this.memory.errors.length = errors;
    this.memory.fail(attempt, token);
    return undefined;
  }

  /** `a.b.C`, as one text. */
  protected qualifiedName(): { name: string } & TextRange {
    const first = this.expectName('a name');
    let name = first.text;
    while (this.isOp('.') && this.peek(1).kind === 'name') {
      this.next();
      name += `.${this.next().text}`;
    }
    return { name, start: first.start, end: this.lastEnd };
  }

  /** A type with generic arguments and array brackets; `def` is one. */
  protected parseType(): TypeName {
    const token = this.peek();
    let name: string;
    if (token.kind === 'keyword' && GROOVY_PRIMITIVES.has(token.text)) name = this.next().text;
    else if (this.isWord('def')) name = this.next().text;
    else name = this.qualifiedName().name;
    const typeArgs = this.isOp('<') ? this.balancedAngles() : '';
    let dims = 0;
    while (this.isOp('[') && this.isOp(']', 1)) {
      this.next();
      this.next();
      dims++;
    }
    return { name, typeArgs, dims, start: token.start, end: this.lastEnd };
  }

  /** Generic arguments as text, from `<` to its `>`; `>>` and `>>>` close several. */
  protected balancedAngles(): string {
    const first = this.expectOp('<');
    let open = 1;
    while (open > 0) {
      const token = this.next();
      if (token.kind === 'op' && token.text === '<') open++;
      else if (token.kind === 'op' && /^>+$/.test(token.text)) open -= token.text.length;
      else if (token.kind === 'name' || token.kind === 'nl') continue;
      else if (
        token.kind === 'keyword' &&
        (GROOVY_PRIMITIVES.has(token.text) || token.text === 'extends' || token.text === 'super')
      )
        continue; // prettier-ignore
      else if (token.kind === 'op' && [',', '.', '?', '&', '[', ']', '<<'].includes(token.text)) {
        if (token.text === '<<') throw this.unexpected('a type argument');
      } else throw new GroovySyntaxError('these are no type arguments', first);
      if (open < 0) throw new GroovySyntaxError("one '>' too many", token);
    }
    return this.text.slice(first.start, this.lastEnd);
  }

  /** `@Name(...)`, its arguments kept as text. */
  protected parseAnnotation(): Annotation {
    const start = this.expectOp('@').start;
    const name = this.qualifiedName().name;
    let argText = '';
    if (this.isOp('(')) {
      const open = this.next().start;
      let depth = 1;
      while (depth > 0) {
        const token = this.next();
        if (token.kind === 'eof') throw this.unexpected("')'");
        if (token.kind === 'op' && token.text === '(') depth++;
        if (token.kind === 'op' && token.text === ')') depth--;
      }
      argText = this.text.slice(open, this.lastEnd);
    }
    return { name, argText, start, end: this.lastEnd };
  }
}
