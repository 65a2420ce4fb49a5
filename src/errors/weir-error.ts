/** The one error type of weir. */
import { ERROR_CATALOGUE, type ErrorCode, type ErrorKind } from './catalogue.ts';
import type { ExitCode } from './exit-codes.ts';

/** A place in a file: `line` and `column` count from 1. */
export interface SourceLocation {
  readonly file: string;
  readonly line: number;
  readonly column: number;
}

/** The parts of an error: the thing, the reason and the next step, each a sentence for a human. */
export interface WeirErrorParts {
  /** What went wrong, naming the thing. */
  readonly what: string;
  /** The reason. */
  readonly why: string;
  /** The next step that the reader can take. */
  readonly hint: string;
  readonly location?: SourceLocation;
  /** Becomes `error.details` of the JSON envelope. */
  readonly details?: unknown;
  readonly cause?: unknown;
  /** Replaces the catalogue's exit code where the use case knows better, e.g. 4 after a roll-back. */
  readonly exit?: ExitCode;
}

/**
 * The one error type that weir's code throws on purpose. Its code stands in the catalogue, which gives exit code and kind.
 * With a location the message starts with `file:line:column: `.
 * Throws a TypeError if `what`, `why` or `hint` is blank: a user must never meet an empty explanation.
 */
export class WeirError extends Error {
  override readonly name = 'WeirError';
  readonly code: ErrorCode;
  readonly what: string;
  readonly why: string;
  readonly hint: string;
  /** The command that explains the code. */
  readonly docs: string;
  readonly exit: ExitCode;
  readonly kind: ErrorKind;
  readonly location: SourceLocation | undefined;
  readonly details: unknown;

  constructor(code: ErrorCode, parts: WeirErrorParts) {
    for (const part of ['what', 'why', 'hint'] as const) {
      if (parts[part].trim() === '') throw new TypeError(`${code}: ${part} is empty`);
    }
    const { location } = parts;
    const what =
      location === undefined ? parts.what : `${location.file}:${location.line}:${location.column}: ${parts.what}`;
    super(what, parts.cause === undefined ? undefined : { cause: parts.cause });
    this.code = code;
    this.what = what;
    this.why = parts.why;
    this.hint = parts.hint;
    this.docs = `weir help ${code}`;
    this.exit = parts.exit ?? ERROR_CATALOGUE[code].exit;
    this.kind = ERROR_CATALOGUE[code].kind;
    this.location = location;
    this.details = parts.details;
  }
}
