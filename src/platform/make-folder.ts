/** Creation of a folder together with its missing parents. */
import { mkdir, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
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

/** Another process may have made the folder first. */
async function mkdirUnlessThere(path: string): Promise<void> {
  await mkdir(path, 0o755).catch(async (error: unknown) => {
    if (!(await isFolder(path))) throw error;
  });
}

async function isFolder(path: string): Promise<boolean> {
  return (await stat(path).catch(nullIfMissing))?.isDirectory() === true;
}
