/** Files that every account can read, for programs that give up root. */
import { copyFileSync, existsSync, linkSync, statSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';

/** The file itself where everybody may read it, else a link or a copy of it in `folder`, which all may enter. */
export function openToAll(file: string, folder: string): string {
  if (isOpenToAll(file)) return file;
  const own = join(folder, `${basename(dirname(file))}-${basename(file)}`);
  if (existsSync(own)) return own;
  try {
    linkSync(file, own);
  } catch {
    // On another file system.
    copyFileSync(file, own);
  }
  return own;
}

/** Whether everybody may read the file and enter every folder above it. */
export function isOpenToAll(file: string): boolean {
  if ((statSync(file).mode & 0o004) === 0) return false;
  for (let folder = dirname(file); ; folder = dirname(folder)) {
    if ((statSync(folder).mode & 0o001) === 0) return false;
    if (folder === '/') return true;
  }
}
