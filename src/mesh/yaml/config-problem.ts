/** The type of one problem in mesh.yaml, and its path. */
import type { SourceLocation } from '../../errors/weir-error.ts';

/** One thing wrong in mesh.yaml. `what`, `why` and `hint` are never empty and have no control characters. */
export interface ConfigProblem extends SourceLocation {
  /** How many characters of the line it concerns, at least 1: what a caret underlines. */
  readonly length: number;
  /** The line of the file, for a code frame. */
  readonly source: string;
  /** Where in the data: `apps.payment.outbound.ports[0]`; empty for the file as a whole. */
  readonly path: string;
  /** The thing, with its path. */
  readonly what: string;
  /** The reason. */
  readonly why: string;
  /** The next step, with the accepted values where there are any. */
  readonly hint: string;
  /** Whether it is a mistake at all cannot be told: who should say so gave no answer. */
  readonly isUnknown?: true;
}

/** The keys and indexes that lead to a value. */
export type ConfigPath = readonly (string | number)[];

/** A path as messages show it: `apps.payment.outbound.ports[0]`. */
export function formatConfigPath(path: ConfigPath): string {
  return path
    .map((part, index) => {
      if (typeof part === 'number') return `[${part}]`;
      const text = /^[\w.@-]{1,63}$/.test(part) ? part : JSON.stringify(part.slice(0, 63));
      return index === 0 ? text : `.${text}`;
    })
    .join('');
}

/** The problems in the order of the file; those of one place stay in the order of their discovery. */
export function sortConfigProblems(problems: readonly ConfigProblem[]): readonly ConfigProblem[] {
  return problems.toSorted((a, b) => a.line - b.line || a.column - b.column);
}
