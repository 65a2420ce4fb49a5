/** Writes the files of `weir metrics`, and nobody else's. */
import { mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { messageOf } from '../../errors/message-of.ts';
import { WeirError } from '../../errors/weir-error.ts';
import { replaceFileDurably } from '../../platform/durable-file.ts';
import { nullIfMissing } from '../../platform/null-if-missing.ts';
import { type MonitoringFile, WRITTEN_BY } from '../rule-files.ts';

/** Writes all into a folder, which is made. Throws WEIR1030 before anything is written, WEIR1031. */
export async function writeMonitoringFiles(folder: string, files: readonly MonitoringFile[]): Promise<void> {
  try {
    await mkdir(folder, { recursive: true });
    const present = await Promise.all(
      files.map(({ path }) => readFile(join(folder, path), 'utf8').catch(nullIfMissing)),
    );
    const index = present.findIndex((text) => text !== null && !text.slice(0, 500).includes(WRITTEN_BY));
    if (index !== -1) throw foreign(join(folder, files[index]?.path ?? ''));
    // Prometheus, Alertmanager and Grafana read them under accounts of their own.
    for (const { path, text } of files) await replaceFileDurably(join(folder, path), text, { mode: 0o644 });
  } catch (error) {
    if (error instanceof WeirError) throw error;
    throw new WeirError('WEIR1031', {
      ...{ what: `the files were not written to ${folder}`, why: messageOf(error), cause: error },
      hint: 'name a folder with --out that can be written',
    });
  }
}

function foreign(file: string): WeirError {
  return new WeirError('WEIR1030', {
    what: `${file} is not a file of weir; nothing was written`,
    why: 'it does not say that `weir metrics` wrote it, so that somebody may miss what is in it',
    hint: 'name another folder with --out, or move the file away',
  });
}
