/** off.sh and its markers on disk. */
import { readdir, readFile, rm, rmdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { messageOf } from '../../errors/message-of.ts';
import { WeirError } from '../../errors/weir-error.ts';
import { removeLeftovers, replaceFileDurably } from '../../platform/durable-file.ts';
import { makeFolder } from '../../platform/make-folder.ts';
import { nullIfMissing } from '../../platform/null-if-missing.ts';
import type { PanicFile } from '../ports.ts';

/** An application's name, which a marker file has as its own: no path, no hidden file. */
const MARKER_NAME = /^[A-Za-z0-9][A-Za-z0-9._-]*$/;

/**
 * The pre-rendered panic file `<runDir>/off.sh`, and the markers that it leaves in `<runDir>/off.d/APP` when somebody
 * runs it. A marker's time is the ISO 8601 text in it, or else the time at which it was written.
 */
export function createPanicFile(runDir: string): PanicFile {
  const path = join(runDir, 'off.sh');
  const markers = join(runDir, 'off.d');
  return {
    path,
    async write(text) {
      try {
        await makeFolder(runDir);
        await replaceFileDurably(path, text, { mode: 0o755 });
      } catch (cause) {
        throw new WeirError('WEIR2022', {
          what: `${path} cannot be written`,
          why: messageOf(cause),
          hint: 'make the run directory writable, or name another one: --run-dir DIR',
          cause,
        });
      }
    },
    async remove() {
      await removeLeftovers(path);
      await rm(path, { force: true });
      await rm(markers, { recursive: true, force: true });
      // Sockets of a sidecar, or the lock that is held right now, may still be in there.
      await rmdir(runDir).catch(() => {});
    },
    async pressed() {
      const names = ((await readdir(markers).catch(nullIfMissing)) ?? []).filter((name) => MARKER_NAME.test(name));
      const times = await Promise.all(names.map((name) => markerTime(join(markers, name))));
      return new Map(names.flatMap((name, index) => (times[index] ? [[name, times[index]]] : [])));
    },
    async forget(app) {
      if (MARKER_NAME.test(app)) await rm(join(markers, app), { force: true });
    },
  };
}

async function markerTime(path: string): Promise<string | null> {
  try {
    const [text, { mtime }] = await Promise.all([readFile(path, 'utf8'), stat(path)]);
    const written = new Date(text.trim());
    return (text.trim() !== '' && Number.isFinite(written.getTime()) ? written : mtime).toISOString();
  } catch (error) {
    return nullIfMissing(error);
  }
}
