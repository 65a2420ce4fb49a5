/** Kinds of Groovy tokens. `nl` is a line end that may end a statement; those inside ( and [ are not tokens at all. */
export type TokenKind = 'name' | 'keyword' | 'number' | 'string' | 'gstring' | 'op' | 'nl' | 'eof';

/** One token. `text` is the operator, name or keyword; for numbers the literal; for strings the decoded value. */
export interface Token {
  readonly kind: TokenKind;
  readonly text: string;
  readonly start: number;
  readonly end: number;
  /** For `gstring`: literal text and embedded expressions in turn. */
  readonly parts?: readonly GStringPart[];
}

/** A piece of a GString: decoded text, or the tokens of an embedded expression (ended by `eof`). */
export type GStringPart =
  | { readonly text: string }
  | { readonly tokens: readonly Token[]; readonly start: number; readonly end: number; readonly braces: boolean };

/** Words that are no identifiers, except after a dot and before a colon in a map or an argument list. */
export const GROOVY_KEYWORDS: ReadonlySet<string> = new Set(
  (
    'as assert break case catch class const continue def default do else enum extends false finally for goto if ' +
    'implements import in instanceof interface native new null package return super switch synchronized this throw ' +
    'throws transient trait true try volatile while boolean byte char double float int long short void final static ' +
    'public private protected abstract strictfp threadsafe'
  ).split(' '),
);

/** The primitive types and void. */
export const GROOVY_PRIMITIVES: ReadonlySet<string> = new Set(
  'boolean byte char double float int long short void'.split(' '),
);

/** Words that may precede a declaration. */
export const GROOVY_MODIFIERS: ReadonlySet<string> = new Set(
  'final static public private protected abstract native synchronized transient volatile strictfp'.split(' '),
);
