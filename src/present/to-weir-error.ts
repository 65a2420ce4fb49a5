import { WeirError } from '../errors/weir-error.ts';
import { writeBugReport } from '../host/bug-report.ts';

/** What is known about the command line when an error is turned into weir's form. */
export interface ErrorContext {
  readonly argv: readonly string[];
  /** The command as typed, e.g. `sidecar run`; undefined when none was found. */
  readonly command: string | undefined;
  readonly weirVersion: string;
}

/**
 * Turns whatever was thrown into a WeirError: oclif's errors about the command line become WEIR1001 (exit 2), all other
 * strangers are bugs of weir (WEIR9001, exit 70) and leave a report file.
 */
export function toWeirError(thrown: unknown, context: ErrorContext): WeirError {
  if (thrown instanceof WeirError) return thrown;
  if (isOclifError(thrown)) return usageError(thrown, context);
  const report = writeBugReport(thrown, context);
  const message = thrown instanceof Error ? `${thrown.name}: ${thrown.message}` : String(thrown);
  return new WeirError('WEIR9001', {
    what: `a bug of weir: ${message}`,
    why: 'weir met a state that its authors thought impossible',
    hint:
      report === undefined ? 'no report could be written; please report the message' : `please report it; ${report}`,
    cause: thrown,
  });
}

// CLIError carries `oclif: {exit}`; the class itself can be another copy when oclif is not bundled (tests, bin/dev.js).
function isOclifError(thrown: unknown): thrown is Error {
  return thrown instanceof Error && 'oclif' in thrown;
}

function usageError(error: Error, { command }: ErrorContext): WeirError {
  // oclif puts the reason on the following lines, and a pointer to --help at the end.
  const lines = error.message
    .replace(/\nSee more help with --help$/, '')
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '');
  const [first = 'the command line is not understood', ...rest] = lines;
  const name = command === undefined ? 'weir' : `weir ${command}`;
  return new WeirError('WEIR1001', {
    what: rest.length > 0 && first.endsWith(':') ? `${first} ${rest.join('; ')}` : first,
    why: `${name} does not take this command line`,
    hint: `see what it takes with \`${command === undefined ? 'weir --help' : `weir help ${command}`}\``,
    cause: error,
  });
}
