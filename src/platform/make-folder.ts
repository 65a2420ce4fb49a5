/** Creation of a folder together with its missing parents. */
import { access, constants, mkdir, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { messageOf } from '../errors/message-of.ts';
import { nullIfMissing } from './null-if-missing.ts';

/**
 * Makes a folder and its missing parents, mode 0755 less the umask; an existing folder stays as it is. `mkdir` with
 * `recursive` is not used: where a file system refuses new folders (/proc), Node retries for ever. Throws the error of
 * the file system.
 */
export async function makeFolder(path: string): Promise<void> {
  try {
    await mkdir(path, 0o755);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' && dirname(path) !== path) {
      // Somebody may have made the parent since.
      if (!(await isFolder(dirname(path)))) await makeFolder(dirname(path));
      await mkdirUnlessThere(path);
    } else if (!(await isFolder(path))) throw error;
  }
}

/** The part of a path that is there already; the path itself when it is. */
export async function existingPart(path: string): Promise<string> {
  const parent = dirname(path);
  // A file in the place of a parent is the part that is there.
  return parent === path || (await stat(path).catch(nullIfMissing)) !== null ? path : existingPart(parent);
}

/** The first folder that `makeFolder` would make; null when the path is there. */
export async function firstMissing(path: string): Promise<string | null> {
  const there = await existingPart(path);
  if (there === path) return null;
  let missing = path;
  while (dirname(missing) !== there) missing = dirname(missing);
  return missing;
}

/** Why `makeFolder` would fail, or nothing could be written into the folder; null: neither. Makes nothing. */
export async function folderProblem(path: string): Promise<string | null> {
  const there = await existingPart(path);
  if (!(await isFolder(there))) return `${there} is not a folder`;
  return access(there, constants.W_OK | constants.X_OK).then(() => null, messageOf);
}

/** Another process may have made the folder first. */
async function mkdirUnlessThere(path: string): Promise<void> {
  await mkdir(path, 0o755).catch(async (error: unknown) => {
    if (!(await isFolder(path))) throw error;
  });
}

async function isFolder(path: string): Promise<boolean> {
  return (await stat(path).catch(nullIfMissing))?.isDirectory() === true;
}
