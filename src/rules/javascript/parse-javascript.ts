/** The front end for JavaScript rules, on acorn. */
import { type Program, parse } from 'acorn';

/** A parsed script, or why it was not read. `certain`: no engine compiles it either. */
export type ParsedJavaScript =
  | { readonly ok: true; readonly program: Program }
  | { readonly ok: false; readonly message: string; readonly at: number; readonly certain: boolean };

/** Punctuation that input methods write for ASCII signs. */
const FULL_WIDTH = /[\u3000-\u303f\uff00-\uff0f\uff1a-\uff20\uff3b-\uff40\uff5b-\uff65\u2018-\u201f]/;

/**
 * Parses a script as ECMAScript 5.1, the default of Nashorn. Nashorn knows more (`for each`), and other engines know
 * newer forms. weir does not read such a text, but does not call it broken either.
 */
export function parseJavaScript(text: string): ParsedJavaScript {
  try {
    return { ok: true, program: parse(text, { ecmaVersion: 5, sourceType: 'script' }) };
  } catch (error) {
    if (!(error instanceof SyntaxError) || !('pos' in error) || typeof error.pos !== 'number') throw error;
    const message = error.message.replace(/ \(\d+:\d+\)$/, '');
    const fullWidth = message.startsWith('Unexpected character') && FULL_WIDTH.test(text.charAt(error.pos));
    const certain = fullWidth || message.startsWith("'return' outside of function");
    return { ok: false, message, at: error.pos, certain };
  }
}
