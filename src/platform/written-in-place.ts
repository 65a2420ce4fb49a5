/** Outputs that are written into, not replaced: devices, pipes, and the links of /dev and /proc. */
import { lstat, realpath, stat } from 'node:fs/promises';
import { dirname, sep } from 'node:path';
import { nullIfMissing } from './null-if-missing.ts';

const KERNEL_FOLDERS = ['/dev', '/proc'];

/**
 * Whether an output that a user names is written into as it is. A rename would put a file in the place of a device or a
 * pipe, and for root in the place of the host's /dev/null or /dev/stdout. A folder is neither.
 */
export async function isWrittenInPlace(path: string): Promise<boolean> {
  const named = await lstat(path).catch(nullIfMissing);
  if (named === null || named.isFile() || named.isDirectory()) return false;
  if (!named.isSymbolicLink()) return true;
  const folder = await realpath(dirname(path));
  if (KERNEL_FOLDERS.some((one) => folder === one || folder.startsWith(`${one}${sep}`))) return true;
  const target = await stat(path).catch(nullIfMissing);
  return target !== null && !target.isFile() && !target.isDirectory();
}
