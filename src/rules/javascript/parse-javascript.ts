/** The front end for JavaScript rules, on acorn. */
import { type AnyNode, type ForInStatement, type ForOfStatement, type ForStatement, Parser, type Program } from 'acorn';

/** A parsed script, or why it was not read. `certain`: no engine compiles it either. */
export type ParsedJavaScript =
  | { readonly ok: true; readonly program: Program }
  | { readonly ok: false; readonly message: string; readonly at: number; readonly certain: boolean };

/** Punctuation that input methods write for ASCII signs. */
const FULL_WIDTH = /[\u3000-\u303f\uff00-\uff0f\uff1a-\uff20\uff3b-\uff40\uff5b-\uff65\u2018-\u201f]/;

/** `for each (x in list)` of Nashorn, which GraalJS takes in its mode for scripts of Nashorn alone. */
export interface ForEachStatement extends ForInStatement {
  readonly each: true;
}

/** Whether a statement is `for each`. */
export function isForEach(node: AnyNode): node is ForEachStatement {
  return 'each' in node;
}

/**
 * Parses a script as ECMAScript 5.1, the default of Nashorn, with its `for each`. Other engines know newer forms. weir does not
 * read such a text, but does not call it broken either.
 */
export function parseJavaScript(text: string): ParsedJavaScript {
  try {
    return { ok: true, program: NashornParser.parse(text, { ecmaVersion: 5, sourceType: 'script' }) };
  } catch (error) {
    if (!(error instanceof SyntaxError) || !('pos' in error) || typeof error.pos !== 'number') throw error;
    const message = error.message.replace(/ \(\d+:\d+\)$/, '');
    const fullWidth = message.startsWith('Unexpected character') && FULL_WIDTH.test(text.charAt(error.pos));
    const certain = fullWidth || message.startsWith("'return' outside of function");
    return { ok: false, message, at: error.pos, certain };
  }
}

/** acorn's parser of a `for` statement, whose `for` is the token at hand; its types leave it out. */
interface ForParser {
  readonly input: string;
  readonly start: number;
  readonly end: number;
  next(): void;
  raise(at: number, message: string): never;
  parseForStatement(
    node: ForStatement | ForInStatement | ForOfStatement,
  ): ForStatement | ForInStatement | ForOfStatement;
}

const EACH = /(?:\s|\/\/.*|\/\*[\s\S]*?\*\/)*each(?![\w$\\])/y;

const NashornParser = Parser.extend((Base) => {
  const parseFor = (Base.prototype as unknown as ForParser).parseForStatement;
  class WithForEach extends Base {}
  Object.assign(WithForEach.prototype, {
    parseForStatement(this: ForParser, node: Parameters<typeof parseFor>[0]) {
      const { start } = this;
      EACH.lastIndex = this.end;
      const each = EACH.test(this.input);
      if (each) this.next();
      const parsed = parseFor.call(this, node);
      if (!each) return parsed;
      if (parsed.type !== 'ForInStatement') this.raise(start, 'for each is a loop over what is in something');
      return Object.assign(parsed, { each: true });
    },
  });
  return WithForEach;
});
