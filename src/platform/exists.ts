/** Whether a file, a folder or anything else of that name is there. */
import { stat } from 'node:fs/promises';
import { nullIfMissing } from './null-if-missing.ts';

/** False only when nothing is there; throws the error of the file system (EACCES, EIO) when that cannot be told. */
export async function exists(path: string): Promise<boolean> {
  return (await stat(path).catch(nullIfMissing)) !== null;
}
