/** State that all parsers of one text share, so that attempts stay linear. */
import type { TextRange } from './source.ts';
import { GroovySyntaxError } from './syntax-error.ts';
import type { Token } from './token.ts';

/** Tokens read for each character of a text, on average, at most; scripts of people stay below 1. */
const READS_PER_CHARACTER = 20;
/** Reads that a short text may take beside that. */
const FREE_READS = 50_000;

/** Places of the grammar where the parser tries one reading before another. */
export type Attempt =
  | 'map-key'
  | 'parameter-type'
  | 'declared-type'
  | 'marked-type'
  | 'cast'
  | 'closure-parameters'
  | 'closure-statement'
  | 'for-each'
  | 'method-type'
  | 'method-header';

const BITS: Readonly<Record<Attempt, number>> = {
  'map-key': 1,
  'parameter-type': 2,
  'declared-type': 4,
  'marked-type': 8,
  cast: 16,
  'closure-parameters': 32,
  'closure-statement': 64,
  'for-each': 128,
  'method-type': 256,
  'method-header': 512,
};

/**
 * State that the parsers of one text share: errors, failed attempts with their places, and the number of reads. An
 * attempt that failed at a token fails there again, so it is made once. Otherwise nested attempts take exponential
 * time.
 */
export class ParserMemory {
  /** Errors met so far; one a statement. */
  readonly errors: GroovySyntaxError[] = [];
  readonly #failed = new Map<Token, number>();
  #left: number;

  /** @param length of the whole text, in UTF-16 units */
  constructor(length: number) {
    this.#left = length * READS_PER_CHARACTER + FREE_READS;
  }

  /** Counts tokens that are read. @throws GroovySyntaxError when attempts read the same text too often. */
  count(at: TextRange): void {
    if (--this.#left < 0) throw new GroovySyntaxError('too many ways to read this text', at, true);
  }

  hasFailed(attempt: Attempt, at: Token): boolean {
    return ((this.#failed.get(at) ?? 0) & BITS[attempt]) !== 0;
  }

  fail(attempt: Attempt, at: Token): void {
    this.#failed.set(at, (this.#failed.get(at) ?? 0) | BITS[attempt]);
  }
}
