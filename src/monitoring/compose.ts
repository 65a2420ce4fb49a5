/** Composition of `weir metrics`. */
import { resolve } from 'node:path';
import { writeMonitoringFiles } from './adapters/write-files.ts';
import type { MonitoringFile } from './rule-files.ts';

/** What was written: paths relative to the folder. */
export interface WrittenFiles {
  readonly folder: string;
  readonly files: readonly Pick<MonitoringFile, 'path' | 'kind'>[];
}

/** Writes files into a folder. Throws WEIR1030, WEIR1031. */
export async function writeFiles(out: string, files: readonly MonitoringFile[]): Promise<WrittenFiles> {
  const folder = resolve(out);
  await writeMonitoringFiles(folder, files);
  return { folder, files: files.map(({ path, kind }) => ({ path, kind })) };
}
