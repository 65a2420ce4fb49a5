/** Writes the files of an export. */
import { mkdir } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { messageOf } from '../../errors/message-of.ts';
import { WeirError } from '../../errors/weir-error.ts';
import { replaceFileDurably } from '../../platform/durable-file.ts';

/** Writes `envoy.json` into a folder, which is made; resolves to its absolute path. Throws WEIR6005 (exit 3). */
export async function writeEnvoyFile(folder: string, bootstrap: object): Promise<string> {
  const file = resolve(join(folder, 'envoy.json'));
  try {
    await mkdir(folder, { recursive: true });
    // Envoy reads it under the sidecar's account.
    await replaceFileDurably(file, `${JSON.stringify(bootstrap, null, 2)}\n`, { mode: 0o644 });
  } catch (error) {
    throw new WeirError('WEIR6005', {
      ...{ what: `${file} was not written`, why: messageOf(error), cause: error },
      hint: 'name a folder with --out that can be written',
    });
  }
  return file;
}
