/** oclif's complaints about a command line, in weir's form. */
import { stripVTControlCharacters } from 'node:util';
import { WeirError } from '../errors/weir-error.ts';
import { findClosestName } from './closest-name.ts';

/** The command that did not understand its command line. */
export interface UsageContext {
  /** As typed, e.g. `sidecar run`. */
  readonly command: string;
  /** Names of its flags, without dashes. */
  readonly flags: readonly string[];
  /** The words after the command's name. */
  readonly argv: readonly string[];
}

/** oclif's words about a command line, in weir's form: WEIR1002 for the value of a flag, else WEIR1001. */
export function usageError(error: Error, { command, flags, argv }: UsageContext): WeirError {
  const [first = 'the command line is not understood', ...rest] = messageLines(error);
  const flag = /^Parsing (--\S+)$/.exec(first)?.[1];
  const what = flag === undefined ? faultText(first, rest) : `${flag}: ${rest.join(' ')}`;
  return new WeirError(flag === undefined ? 'WEIR1001' : 'WEIR1002', {
    what,
    why: `weir ${command} does not take this command line`,
    hint: closestFlagHint(first, flags, argv) ?? `see what it takes with \`weir help ${command}\``,
    cause: error,
  });
}

function faultText(first: string, rest: readonly string[]): string {
  if (/^Missing \d+ required args?:$/.test(first)) {
    // A line an argument, `name  description`; a long description goes on in lines of its own.
    const missing = rest.join(' ').matchAll(/(\S+) {2,}(.*?)(?=\s+\S+ {2,}|$)/g);
    return [...missing]
      .map(([, name = '', about = '']) => `${name.toUpperCase()} is missing: ${about.replace(/\.$/, '')}`)
      .join('; ');
  }
  if (/^The following errors? occurred:$/.test(first))
    return rest.map((line) => line.replace(/^Missing required flag (\S+)$/, '--$1 is missing')).join('; ');
  return [first, rest.join('; ')].join(' ').trim();
}

// oclif colours some of its messages, puts the reason on the following lines and a pointer to --help at the end.
function messageLines(error: Error): string[] {
  return stripVTControlCharacters(error.message)
    .replace(/\nSee more help with --help$/, '')
    .replace(/\n\nNote: .* multiple values\.[\s\S]*$/, '')
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '');
}

/** One dash instead of two is the same slip: oclif takes `-all` for the flag -a. */
function closestFlagHint(message: string, flags: readonly string[], argv: readonly string[]): string | undefined {
  const long = /^Nonexistent flag: --([^=\s]+)/.exec(message)?.[1];
  const isShort = /^Nonexistent flags?: -[^-]/.test(message);
  const short = argv.map((word) => /^-(\w[^=\s]+)/.exec(word)?.[1]).find((word) => word !== undefined);
  const typed = long ?? (isShort ? short : undefined);
  // Every command takes --help, and none lists it.
  const closest = typed === undefined ? undefined : findClosestName(typed, [...flags, 'help']);
  return closest === undefined ? undefined : `did you mean --${closest}?`;
}
