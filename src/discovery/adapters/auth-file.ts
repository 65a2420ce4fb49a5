/** The file with user and password of a registry. */
import { readFile, stat } from 'node:fs/promises';
import { WeirError } from '../../errors/weir-error.ts';
import { nullIfMissing } from '../../platform/null-if-missing.ts';

/** The first line of the file: `user:password`. Throws WEIR6004 (exit 2) when there is none. */
export async function readAuthFile(file: string): Promise<string> {
  const text = await readFile(file, 'utf8').catch((error: Error) => error);
  const line = typeof text === 'string' ? text.split('\n')[0]?.trim() : undefined;
  if (line?.includes(':')) return line;
  throw new WeirError('WEIR6004', {
    what: `${file} gives no user and password`,
    why: typeof text === 'string' ? 'its first line is not user:password' : text.message,
    hint: 'write user:password into its first line, readable by root only',
  });
}

/**
 * Who else than its owner may read the file, a sentence; null when nobody may, or when it is not there. Throws the error of
 * the file system when it could not be looked at.
 */
export async function authFileProblem(file: string): Promise<string | null> {
  const found = await stat(file).catch(nullIfMissing);
  if (found === null || (found.mode & 0o077) === 0) return null;
  const mode = (found.mode & 0o777).toString(8).padStart(4, '0');
  return `${file} holds a password and has the mode ${mode}: others than its owner may read it`;
}
