/** Files that flags name, as absolute paths. */
import { access, constants } from 'node:fs/promises';
import { resolve } from 'node:path';
import { messageOf } from '../../errors/message-of.ts';
import { WeirError } from '../../errors/weir-error.ts';

/** The absolute path of a file that a flag names. Throws WEIR4003 with exit 2 when it cannot be read. */
export async function requireFile(flag: string, path: string): Promise<string> {
  const absolute = resolve(path);
  try {
    await access(absolute, constants.R_OK);
    return absolute;
  } catch (error) {
    throw new WeirError('WEIR4003', {
      what: `--${flag} names ${path}, which cannot be read`,
      why: messageOf(error),
      hint: `give --${flag} the path of a readable file`,
      exit: 2,
      cause: error,
    });
  }
}
