/** The error of a text that weir cannot read. */
import type { CompileCauseId } from '../knowledge/compile-causes.ts';
import type { TextRange } from './source.ts';

/** Why weir cannot read a text, and where. `limit` marks texts that may be Groovy but are beyond what weir reads. */
export class GroovySyntaxError extends Error {
  readonly range: TextRange;
  readonly limit: boolean;
  /** Why real Groovy does not compile the text either; null where weir does not know that. */
  readonly compileCause: CompileCauseId | null;

  constructor(message: string, range: TextRange, limit = false, compileCause: CompileCauseId | null = null) {
    super(message);
    this.name = 'GroovySyntaxError';
    this.range = range;
    this.limit = limit;
    this.compileCause = compileCause;
  }
}
