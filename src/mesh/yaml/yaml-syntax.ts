/** Explains the errors of the YAML parser. */
import type { ErrorCode } from 'yaml';
import { printableText } from '../printable-text.ts';
import type { ValueFault } from './field-value.ts';

/** What to say about an error of the YAML parser: its own words are the reason, the rest is ours. */
export function describeYamlError(code: ErrorCode, message: string): ValueFault {
  const why = printableText(message.trim().split('\n')[0] ?? '').replace(/^./, (first) => first.toLowerCase());
  return {
    what: 'this is not valid YAML',
    why: why === '' ? 'the text ends too early' : why,
    hint: /must be sufficiently indented and end with a [\]}]/i.test(message) ? UNCLOSED : (HINTS[code] ?? OTHER),
  };
}

const OTHER = 'compare the line with its neighbours: a colon, quote, bracket or space is missing or too much';
const UNCLOSED = 'close the bracket, and indent what stands inside it';
const QUOTE = 'put the text into double quotes';
const INDENT = 'indent the keys of one map by the same number of spaces';

const HINTS: Partial<Record<ErrorCode, string>> = {
  ALIAS_PROPS: 'an alias (*name) stands alone, without a tag or an anchor',
  BAD_DQ_ESCAPE: 'write \\\\ for a backslash, or use single quotes',
  BAD_INDENT: INDENT,
  BAD_SCALAR_START: QUOTE,
  BLOCK_AS_IMPLICIT_KEY: 'put the inner key on a line of its own, indented further, or write {key: value}',
  BLOCK_IN_FLOW: 'inside [...] and {...} write the short forms only',
  DUPLICATE_KEY: 'keep one of the two',
  KEY_OVER_1024_CHARS: 'shorten the key',
  MISSING_CHAR: 'add what is missing: a closing quote or bracket, or a colon and a space behind a key',
  MULTILINE_IMPLICIT_KEY: 'a key stands on one line, with a colon and a space behind it',
  MULTIPLE_DOCS: 'take out the line with --- and everything that belongs to the second document',
  TAB_AS_INDENT: 'indent with spaces: YAML takes no tabs there',
  TAG_RESOLVE_FAILED: 'take out the tag (!...): mesh.yaml needs none',
  UNEXPECTED_TOKEN: OTHER,
};
