/** The names in a folder of weir. */
import { readdir } from 'node:fs/promises';
import { nullIfMissing } from '../../platform/null-if-missing.ts';

/** Empty when there is no such folder. Throws the error of the file system when the folder cannot be read. */
export async function filesIn(folder: string): Promise<readonly string[]> {
  return (await readdir(folder).catch(nullIfMissing)) ?? [];
}
