/** Looks users and groups up in the host's files and name services. */
import { readFile } from 'node:fs/promises';
import { WeirError } from '../../errors/weir-error.ts';
import { runTool, toolFailed } from '../../platform/exec.ts';
import { nullIfMissing } from '../../platform/null-if-missing.ts';
import type { AccountLookup, AccountNames } from '../resolve-accounts.ts';

/** Where names are looked up; tests point it elsewhere. */
export interface AccountSources {
  /** Files in the form of passwd(5) and group(5). */
  readonly passwdFile: string;
  readonly groupFile: string;
  /** The program that asks the name services. */
  readonly getent: string;
  /** How long all name services together may take, in milliseconds. */
  readonly timeoutMs: number;
}

/** The host's own sources. An LDAP or OS Login service that is down can stall a lookup for 30 to 60 s: hence the 2 s. */
export const HOST_ACCOUNT_SOURCES: AccountSources = {
  passwdFile: '/etc/passwd',
  groupFile: '/etc/group',
  getent: 'getent',
  timeoutMs: 2_000,
};

/**
 * Looks users and groups up: in the files first, and only what they do not have through NSS (getent), so that a
 * name service that is down cannot delay or break a host whose accounts are local. Never throws: what could not be
 * asked is unknown, with the reason in `incomplete`.
 */
export async function lookupAccounts(
  names: AccountNames,
  sources: AccountSources = HOST_ACCOUNT_SOURCES,
): Promise<AccountLookup> {
  const [users, groups] = await Promise.all([
    lookUp('passwd', names.users, sources.passwdFile, sources),
    lookUp('group', names.groups, sources.groupFile, sources),
  ]);
  return {
    user: (name) => users.ids.get(name),
    group: (name) => groups.ids.get(name),
    incomplete: users.incomplete ?? groups.incomplete,
  };
}

/** The exit code of getent for a key that the database does not have (getent(1)). */
const NOT_FOUND = 2;

interface Found {
  readonly ids: ReadonlyMap<string, number>;
  readonly incomplete: string | undefined;
}

async function lookUp(
  database: 'passwd' | 'group',
  names: readonly string[],
  file: string,
  sources: AccountSources,
): Promise<Found> {
  const local = names.length === 0 ? new Map<string, number>() : parseAccounts(await readAccounts(file));
  const missing = names.filter((name) => !local.has(name));
  const [first] = missing;
  if (first === undefined) return { ids: local, incomplete: undefined };
  try {
    // getent prints what it found and ends with 2 if that is not all.
    const argv: [string, ...string[]] = [sources.getent, database, ...missing];
    const { stdout, stderr, exitCode } = await runTool(argv, { timeoutMs: sources.timeoutMs, reject: false });
    if (exitCode !== 0 && exitCode !== NOT_FOUND) throw toolFailed(argv, { stdout, stderr, exitCode });
    return { ids: new Map([...parseAccounts(stdout), ...local]), incomplete: undefined };
  } catch (error) {
    if (!(error instanceof WeirError)) throw error;
    const timedOut = error.code === 'WEIR2002';
    const reason = timedOut
      ? `did not answer within ${sources.timeoutMs / 1000} s`
      : `could not be asked: ${error.what}`;
    return { ids: local, incomplete: `${file} does not have it, and the name service ${reason}` };
  }
}

async function readAccounts(file: string): Promise<string> {
  // A container may have no passwd file at all: then only the name services know.
  return (await readFile(file, 'utf8').catch(nullIfMissing)) ?? '';
}

/** Name and number of each line `name:password:number:...`; of two lines with one name the first counts, as in NSS. */
function parseAccounts(text: string): Map<string, number> {
  const accounts = text.split('\n').flatMap((line): [string, number][] => {
    const [name = '', , id = ''] = line.split(':');
    return name !== '' && /^[0-9]+$/.test(id) ? [[name, Number(id)]] : [];
  });
  return new Map(accounts.toReversed());
}
