/** Replacement of a file that a crash or a power loss cannot tear. */
import { type FileHandle, open, readdir, rename, unlink } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { isProcessAlive } from './process-alive.ts';

/** The steps of a durable replacement, in order; after each one a crash leaves the old or the new file, whole. */
export type ReplaceStep = 'opened' | 'written' | 'synced' | 'renamed' | 'folder-synced';

/** Options of a replacement. */
export interface ReplaceOptions {
  /** Permission bits of the new file. */
  readonly mode: number;
  /** Told after each step; tests end the process there. */
  readonly onStep?: (step: ReplaceStep) => void;
}

/**
 * Replaces a file so that a reader, and a machine that loses power, sees the whole old text or the whole new one. The
 * new text is written to a temporary file beside it and synced. Then the file is renamed and the folder synced.
 * Temporary files of killed processes are removed. Throws the error of the file system. The file is whole then, and the
 * old one unless only the sync of the folder failed. A text may come in parts: a large one need not be made whole.
 */
export async function replaceFileDurably(
  path: string,
  text: string | readonly Buffer[],
  { mode, onStep }: ReplaceOptions,
): Promise<void> {
  await removeLeftovers(path);
  const temporary = temporaryName(path, process.pid);
  const file = await open(temporary, 'w', mode);
  try {
    await writeThrough(file, text, mode, onStep);
    await rename(temporary, path);
  } catch (error) {
    await unlink(temporary).catch(() => {});
    throw error;
  }
  onStep?.('renamed');
  await syncFolder(dirname(path));
  onStep?.('folder-synced');
}

/** Removes the temporary files of replacements of `path` whose process has ended. */
export async function removeLeftovers(path: string): Promise<void> {
  const folder = dirname(path);
  const names = await readdir(folder).catch(() => []);
  for (const name of names) {
    const pid = leftoverPid(name, basename(path));
    if (pid !== null && !isProcessAlive(pid)) await unlink(join(folder, name)).catch(() => {});
  }
}

async function writeThrough(
  file: FileHandle,
  text: string | readonly Buffer[],
  mode: number,
  onStep: ReplaceOptions['onStep'],
): Promise<void> {
  try {
    // The umask may have taken bits away.
    await file.chmod(mode);
    onStep?.('opened');
    if (typeof text === 'string') await file.writeFile(text);
    else await writeParts(file, text);
    onStep?.('written');
    await file.sync();
    onStep?.('synced');
  } finally {
    await file.close();
  }
}

async function writeParts(file: FileHandle, parts: readonly Buffer[]): Promise<void> {
  let rest = parts;
  while (rest.length > 0) rest = behind(rest, (await file.writev(rest)).bytesWritten);
}

/** What is left of parts behind so many bytes: a file system that is nearly full takes some, and the next write says why. */
function behind(parts: readonly Buffer[], bytes: number): readonly Buffer[] {
  let written = bytes;
  return parts.flatMap((part) => {
    const skipped = Math.min(written, part.length);
    written -= skipped;
    return skipped === part.length ? [] : [part.subarray(skipped)];
  });
}

// Some file systems cannot sync a folder (fsync(2): EINVAL); the rename is as durable there as it gets.
async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, 'r');
  try {
    await folder.sync().catch((error: NodeJS.ErrnoException) => {
      if (error.code !== 'EINVAL' && error.code !== 'ENOTSUP') throw error;
    });
  } finally {
    await folder.close();
  }
}

function temporaryName(path: string, pid: number): string {
  return join(dirname(path), `.${basename(path)}.${pid}.tmp`);
}

function leftoverPid(name: string, base: string): number | null {
  const pid = name.startsWith(`.${base}.`) && /^(\d+)\.tmp$/.exec(name.slice(base.length + 2))?.[1];
  return pid ? Number(pid) : null;
}
