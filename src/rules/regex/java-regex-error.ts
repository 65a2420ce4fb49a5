/** Why a pattern is not read: Java refuses it (`syntax`), or it has no counterpart in weir (`unsupported`). */
export class JavaRegexError extends Error {
  readonly kind: 'syntax' | 'unsupported';
  constructor(kind: 'syntax' | 'unsupported', message: string) {
    super(message);
    this.kind = kind;
  }
}
