/** The file of `--metrics-file`, which node_exporter's textfile collector reads. */
import { chmod, rename, rm, stat, writeFile } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { WeirError } from '../../errors/weir-error.ts';
import { nullIfMissing } from '../null-if-missing.ts';

/** A file for node_exporter's textfile collector. */
export interface MetricsFile {
  /** Replaces the text; a reader sees the old one or the new one, whole. Rejects with the error of the file system. */
  write(text: string): Promise<void>;
  remove(): Promise<void>;
}

/**
 * Opens the file that a flag names. The collector reads `*.prom` of its folder as another user, so the file is readable
 * by all and its temporary name does not end in `.prom`. Throws WEIR1002 when the name or the folder cannot be right.
 */
export async function openMetricsFile(path: string): Promise<MetricsFile> {
  const file = resolve(path);
  const folder = dirname(file);
  const isFolder = (await stat(folder).catch(nullIfMissing))?.isDirectory() === true;
  if (!isFolder || !file.endsWith('.prom')) {
    throw new WeirError('WEIR1002', {
      what: `--metrics-file got ${JSON.stringify(path)}`,
      why: isFolder ? 'the textfile collector reads only files that end in .prom' : `there is no folder ${folder}`,
      hint: 'name a file such as /var/lib/prometheus/node-exporter/weir-main.prom',
    });
  }
  const temporary = join(folder, `.${basename(file)}.${process.pid}.tmp`);
  return {
    async write(text) {
      await writeFile(temporary, text);
      await chmod(temporary, 0o644);
      await rename(temporary, file);
    },
    async remove() {
      await Promise.all([temporary, file].map((one) => rm(one, { force: true })));
    },
  };
}
