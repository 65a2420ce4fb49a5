/** Writes a new bootstrap that Envoy itself has validated. */
import { link, rename, rm, stat, writeFile } from 'node:fs/promises';
import { extname } from 'node:path';
import { stringify } from 'yaml';
import { messageOf } from '../../errors/message-of.ts';
import { WeirError } from '../../errors/weir-error.ts';
import { nullIfMissing } from '../../platform/null-if-missing.ts';
import { validateBootstrap } from './envoy-binary.ts';

/**
 * Writes a bootstrap as YAML (as JSON when the name ends so) after the binary itself has accepted it; a file that Envoy
 * refuses is not left behind, nor is the access log that the check opens under weir's own account. Throws WEIR4015 when the file exists and `force` is false, or when Envoy refuses it.
 */
export async function writeBootstrap(
  path: string,
  content: object,
  binary: string,
  options: { readonly accessLog: string; readonly force: boolean },
): Promise<void> {
  const { accessLog, force } = options;
  const hadLog = (await stat(accessLog).catch(nullIfMissing)) !== null;
  const extension = extname(path) === '.json' ? '.json' : '.yaml';
  const work = `${path}.new${extension}`;
  try {
    await writeFile(work, extension === '.json' ? `${JSON.stringify(content, null, 2)}\n` : stringify(content), {
      mode: 0o644,
    });
    const problem = await validateBootstrap(binary, work, [], 30_000);
    if (problem !== null) throw refused(path, `${binary} does not accept it: ${problem}`);
    if (force) await rename(work, path);
    // A link fails when the name is taken, also when it was taken a moment ago.
    else await link(work, path);
  } catch (error) {
    if (error instanceof WeirError) throw error;
    const isThere = (error as NodeJS.ErrnoException).code === 'EEXIST';
    throw refused(path, isThere ? 'the file exists' : messageOf(error));
  } finally {
    await rm(work, { force: true });
    if (!hadLog) await rm(accessLog, { force: true });
  }
}

function refused(path: string, why: string): WeirError {
  return new WeirError('WEIR4015', {
    what: `${path} was not written`,
    why,
    hint: 'name another file with --out, or write over it with --force',
  });
}
