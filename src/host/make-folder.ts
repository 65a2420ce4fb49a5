import { mkdir, stat } from 'node:fs/promises';
import { dirname } from 'node:path';

/**
 * Makes a folder and those above it that are missing, mode 0755 less the umask; one that is there is left as it is.
 * In the place of `mkdir` with `recursive`: where a file system knows no new folders (/proc), Node goes on trying for
 * ever. Throws the error of the file system.
 */
export async function makeFolder(path: string): Promise<void> {
  try {
    await mkdir(path, 0o755);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' && dirname(path) !== path && !(await isFolder(dirname(path)))) {
      await makeFolder(dirname(path));
      await mkdirUnlessThere(path);
    } else if (!(await isFolder(path))) throw error;
  }
}

/** Another process may have been quicker. */
async function mkdirUnlessThere(path: string): Promise<void> {
  await mkdir(path, 0o755).catch(async (error: unknown) => {
    if (!(await isFolder(path))) throw error;
  });
}

async function isFolder(path: string): Promise<boolean> {
  return stat(path).then(
    (found) => found.isDirectory(),
    () => false,
  );
}
