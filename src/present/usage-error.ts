import { stripVTControlCharacters } from 'node:util';
import { WeirError } from '../errors/weir-error.ts';
import { findClosestName } from './closest-name.ts';

/** The command that did not understand its command line. */
export interface UsageContext {
  /** As typed, e.g. `sidecar run`. */
  readonly command: string;
  /** Names of its flags, without dashes. */
  readonly flags: readonly string[];
}

/** oclif's words about a command line, in weir's form: WEIR1002 for the value of a flag, else WEIR1001. */
export function usageError(error: Error, { command, flags }: UsageContext): WeirError {
  const [first = 'the command line is not understood', ...rest] = messageLines(error);
  const flag = /^Parsing (--\S+)$/.exec(first)?.[1];
  const what = flag === undefined ? [first, rest.join('; ')].join(' ').trim() : `${flag}: ${rest.join(' ')}`;
  return new WeirError(flag === undefined ? 'WEIR1001' : 'WEIR1002', {
    what,
    why: `weir ${command} does not take this command line`,
    hint: closestFlagHint(first, flags) ?? `see what it takes with \`weir help ${command}\``,
    cause: error,
  });
}

// oclif colours some of its messages, puts the reason on the following lines and a pointer to --help at the end.
function messageLines(error: Error): string[] {
  return stripVTControlCharacters(error.message)
    .replace(/\nSee more help with --help$/, '')
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '');
}

function closestFlagHint(message: string, flags: readonly string[]): string | undefined {
  const typed = /^Nonexistent flag: --([^=\s]+)/.exec(message)?.[1];
  const closest = typed === undefined ? undefined : findClosestName(typed, flags);
  return closest === undefined ? undefined : `did you mean --${closest}?`;
}
