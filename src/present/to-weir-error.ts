import { WeirError } from '../errors/weir-error.ts';
import { writeBugReport } from '../host/bug-report.ts';
import { type UsageContext, usageError } from './usage-error.ts';

/** What is known about the command line when an error is turned into weir's form. */
export interface ErrorContext {
  readonly argv: readonly string[];
  readonly weirVersion: string;
  /** The command that was found. */
  readonly usage?: UsageContext;
}

/**
 * Turns whatever was thrown into a WeirError: oclif's errors about the command line become WEIR1001 or WEIR1002
 * (exit 2), all other strangers are bugs of weir (WEIR9001, exit 70) and leave a report file.
 */
export function toWeirError(thrown: unknown, context: ErrorContext): WeirError {
  if (thrown instanceof WeirError) return thrown;
  if (context.usage !== undefined && isOclifUsageError(thrown)) return usageError(thrown, context.usage);
  const report = writeBugReport(thrown, context);
  const message = thrown instanceof Error ? `${thrown.name}: ${thrown.message}` : String(thrown);
  return new WeirError('WEIR9001', {
    what: `a bug of weir: ${message}`,
    why: 'weir met a state that its authors thought impossible',
    hint:
      report === undefined
        ? 'no report file could be written; please report the message'
        : `please report it with the file ${report}`,
    cause: thrown,
  });
}

// CLIError carries `oclif: {exit}`; its class can be another copy when oclif is not bundled (tests, bin/dev.js).
// A command that cannot be loaded is a CLIError as well, but not the user's.
function isOclifUsageError(thrown: unknown): thrown is Error {
  return thrown instanceof Error && 'oclif' in thrown && (thrown as { code?: unknown }).code !== 'MODULE_NOT_FOUND';
}
