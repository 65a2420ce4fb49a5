import type { TextRange } from './source.ts';

/** Why a text is no Groovy, and where. `limit` marks texts that may be Groovy but are beyond what weir reads. */
export class GroovySyntaxError extends Error {
  readonly range: TextRange;
  readonly limit: boolean;

  constructor(message: string, range: TextRange, limit = false) {
    super(message);
    this.name = 'GroovySyntaxError';
    this.range = range;
    this.limit = limit;
  }
}
