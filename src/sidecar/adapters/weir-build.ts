/** This weir on disk. */
import { stat } from 'node:fs/promises';
import { nullIfMissing } from '../../platform/null-if-missing.ts';
import { identityFile, weirEntry } from '../../platform/process/programs.ts';
import type { WeirBuild } from '../records/handoff-records.ts';

/** The weir of this process. Its mark is that of the one file that names or holds all the rest. */
export async function weirBuild(version: string): Promise<WeirBuild> {
  const found = await stat(identityFile()).catch(nullIfMissing);
  const mark = found === null ? null : `${found.ino}-${found.size}-${found.mtimeMs}`;
  return { version, entry: weirEntry(), mark };
}
