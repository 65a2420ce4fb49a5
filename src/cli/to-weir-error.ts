/** Turns anything thrown into a `WeirError`. */
import { WeirError } from '../errors/weir-error.ts';
import { writeBugReport } from '../platform/bug-report.ts';
import { isRefusedBySystem } from '../platform/null-if-missing.ts';
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
 * (exit 2), a file or a resource that the system refuses is WEIR2024, all other strangers are bugs of weir (WEIR9001, exit 70) and leave a report file.
 */
export function toWeirError(thrown: unknown, context: ErrorContext): WeirError {
  if (thrown instanceof WeirError) return thrown;
  if (context.usage !== undefined && isOclifUsageError(thrown)) return usageError(thrown, context.usage);
  if (isRefusedBySystem(thrown)) return systemRefused(thrown);
  const report = writeBugReport(thrown, context);
  const message = thrown instanceof Error ? `${thrown.name}: ${thrown.message}` : String(thrown);
  return new WeirError('WEIR9001', {
    what: `weir failed unexpectedly: ${message}`,
    why: 'this is a bug in weir',
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

function systemRefused(error: NodeJS.ErrnoException): WeirError {
  return new WeirError('WEIR2024', {
    what: `the system refused ${error.path ?? error.syscall ?? 'a call'} (${error.code})`,
    why: error.message,
    hint:
      error.syscall === 'mkdtemp'
        ? 'set TMPDIR to a folder that is there and has room, then run the command again'
        : 'run weir as root; for EMFILE or ENOSPC raise the limit or make room, then run the command again',
    cause: error,
  });
}
