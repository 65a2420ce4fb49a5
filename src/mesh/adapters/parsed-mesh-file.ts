/** The parsed mesh.yaml in the state directory: read instead of parsing, written after it. */
import { constants } from 'node:fs';
import { lstat, open, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { nullIfMissing } from '../../platform/null-if-missing.ts';
import type { ParseMesh } from '../load-mesh.ts';
import { decodeParsedMesh, encodeParsedMesh, PARSED_MESH_FILES } from '../parsed-mesh.ts';

/** A mesh.yaml has at most a megabyte; parsed it is some times as long. Nothing longer is read. */
const MAX_BYTES = 16 * 1024 * 1024;

/**
 * Parses only what it has not parsed before. What cannot be read, is not whole, belongs to another user, or can be written
 * by others counts as not there; what cannot be written is not kept. A state directory that is not there is not made.
 * Only files without a mistake are kept.
 */
export function parseOnce(stateDir: string, build: string, parse: ParseMesh): ParseMesh {
  const [name, fresh] = PARSED_MESH_FILES;
  const path = join(stateDir, name);
  return async (source, file) => {
    const kept = await readOwnText(path).catch(() => null);
    const known = kept === null ? null : decodeParsedMesh(kept, { source, build }, file);
    if (known !== null) return { config: known };
    const parsed = await parse(source, file);
    if ('config' in parsed) {
      const text = encodeParsedMesh(parsed.config, { source, build });
      await replace(path, join(stateDir, fresh), text).catch(() => undefined);
    }
    return parsed;
  };
}

async function readOwnText(path: string): Promise<string | null> {
  const file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOFOLLOW).catch(nullIfMissing);
  if (file === null) return null;
  try {
    const { uid, mode, size } = await file.stat();
    const isOwn =
      (mode & constants.S_IFMT) === constants.S_IFREG && uid === process.geteuid?.() && (mode & 0o022) === 0;
    return isOwn && size <= MAX_BYTES ? await file.readFile('utf8') : null;
  } finally {
    await file.close();
  }
}

/** Not flushed to the disk: what a crash leaves is not whole, and is not believed. */
async function replace(path: string, fresh: string, text: string): Promise<void> {
  // Somebody may have put a link there.
  if ((await lstat(fresh).catch(nullIfMissing))?.isFile() === false) return;
  try {
    await writeFile(fresh, text, { mode: 0o600 });
    await rename(fresh, path);
  } catch (error) {
    await rm(fresh, { force: true }).catch(() => undefined);
    throw error;
  }
}
