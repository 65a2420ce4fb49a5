/** Writes a new bootstrap that Envoy itself has validated. */
import { appendFile, link, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { dirname, extname } from 'node:path';
import { stringify } from 'yaml';
import { messageOf } from '../../errors/message-of.ts';
import { WeirError } from '../../errors/weir-error.ts';
import { nullIfMissing } from '../../platform/null-if-missing.ts';
import { isWrittenInPlace } from '../../platform/written-in-place.ts';
import { validateBootstrap } from './envoy-binary.ts';

/**
 * Writes a bootstrap as YAML (as JSON when the name ends so) after the binary itself has accepted it; a file that Envoy
 * refuses is not left behind, nor is the access log that the check opens under weir's own account. A binary that is not
 * there, as one that another machine runs, accepts nothing: the file is written unchecked. Whether it was checked. Throws
 * WEIR4015 when the file exists and `force` is false, or when Envoy refuses it.
 */
export async function writeBootstrap(
  path: string,
  content: object,
  binary: string | null,
  options: { readonly accessLog: string; readonly force: boolean },
): Promise<boolean> {
  const { accessLog, force } = options;
  const hadLog = (await stat(accessLog).catch(nullIfMissing)) !== null;
  const extension = extname(path) === '.json' ? '.json' : '.yaml';
  const work = `${path}.new${extension}`;
  try {
    await writeFile(work, extension === '.json' ? `${JSON.stringify(content, null, 2)}\n` : stringify(content), {
      mode: 0o644,
    });
    const present = binary !== null && (await stat(binary).catch(nullIfMissing)) !== null ? binary : null;
    const problem = present === null ? null : await validateBootstrap(present, work, [], 30_000);
    if (problem !== null)
      throw refused(path, `${binary} does not accept it: ${problem}`, 'name another Envoy as `binary` in mesh.yaml');
    if (force && (await isWrittenInPlace(path))) await appendFile(path, await readFile(work));
    else if (force) await rename(work, path);
    // A link fails when the name is taken, also when it was taken a moment ago.
    else await link(work, path);
    return present !== null;
  } catch (error) {
    if (error instanceof WeirError) throw error;
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'EEXIST')
      throw refused(path, 'the file exists', 'name another file with --out, or write over it with --force');
    if (code === 'ENOENT' || code === 'ENOTDIR')
      throw refused(path, `there is no folder ${dirname(path)}`, 'make the folder, or name another file with --out');
    throw refused(path, messageOf(error), 'name another file with --out');
  } finally {
    await rm(work).catch(nullIfMissing);
    if (!hadLog) await rm(accessLog, { force: true });
  }
}

function refused(path: string, why: string, hint: string): WeirError {
  return new WeirError('WEIR4015', { what: `${path} was not written`, why, hint });
}
