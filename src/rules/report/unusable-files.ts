/** Files of a run that could not be used: one line for each, and the error with which the run ends. */
import { type SourceLocation, WeirError } from '../../errors/weir-error.ts';

/** One file that could not be used. */
export interface UnusableFile {
  readonly code: string;
  readonly path: string;
  readonly what: string;
  readonly why: string;
  readonly hint: string;
  readonly location?: SourceLocation | undefined;
}

/** The record of one file that could not be used, from its error. */
export function unusableFile({ code, what, why, hint, location }: WeirError, path?: string): UnusableFile {
  return { code, path: path ?? location?.file ?? '', what, why, hint, location };
}

/** The error of a run in which some files could not be used and `used` others were; `details` holds them all and the result. */
export function someUnusable(errors: readonly UnusableFile[], used: number, result: object): WeirError {
  const [first] = errors;
  const more = errors.slice(1, 6).map((error) => error.location?.file ?? error.path);
  return new WeirError('WEIR5025', {
    what: `${errors.length} of ${errors.length + used} files could not be used`,
    why: `${first?.what ?? ''}: ${first?.why ?? ''}${more.length === 0 ? '' : `; also ${more.join(', ')}`}`,
    hint: first?.hint ?? 'see the details',
    ...(first?.location === undefined ? {} : { location: first.location }),
    details: { ...result, errors },
  });
}
