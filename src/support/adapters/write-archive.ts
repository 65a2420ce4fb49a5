/** The archive as a file. */
import { mkdir, mkdtemp, open, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { WeirError } from '../../errors/weir-error.ts';
import { runTool } from '../../platform/exec.ts';

const TAR_MS = 60_000;

/**
 * Writes the files into a .tar.gz that only this user can read. A file that is there is not replaced.
 * Throws WEIR1002 when `path` cannot be written, WEIR2001 without tar.
 */
export async function writeArchive(path: string, files: ReadonlyMap<string, string>): Promise<void> {
  const work = await mkdtemp(join(tmpdir(), 'weir-support-'));
  try {
    const reserved = await open(path, 'wx', 0o600).catch((error: NodeJS.ErrnoException) => {
      throw new WeirError('WEIR1002', {
        what: `--out ${path} cannot be written`,
        why: error.code === 'EEXIST' ? 'the file is there already' : error.message,
        hint: 'name another file with --out',
      });
    });
    await reserved.close();
    const folder = basename(path).replace(/\.tar\.gz$|\.tgz$/, '');
    for (const [name, text] of files) {
      const file = join(work, folder, name);
      await mkdir(dirname(file), { recursive: true });
      await writeFile(file, text, { mode: 0o600 });
    }
    const archive = join(dirname(path), `.${basename(path)}.${process.pid}`);
    try {
      // tar writes into it and leaves its mode.
      await writeFile(archive, '', { mode: 0o600, flag: 'wx' });
      const argv = ['tar', '--sort=name', '--owner=0', '--group=0', '-C', work, '-czf', archive, folder] as const;
      await runTool([...argv], { timeoutMs: TAR_MS });
      await rename(archive, path);
    } catch (error) {
      await rm(archive, { force: true });
      await rm(path, { force: true });
      throw error;
    }
  } finally {
    await rm(work, { recursive: true, force: true });
  }
}
