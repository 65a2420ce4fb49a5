/** fleet.yaml and files of objects. */
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { messageOf } from '../../errors/message-of.ts';
import { WeirError } from '../../errors/weir-error.ts';
import { replaceFileDurably } from '../../platform/durable-file.ts';
import { exists } from '../../platform/exists.ts';
import { readTextFile } from '../../platform/text-file.ts';

/** The largest file that is read, in bytes. */
const MAX_BYTES = 4 * 1024 * 1024;

/** The smallest fleet.yaml, for whoever has none. */
const MINIMAL = `apiVersion: weir.dev/v1
regions:
  east:
    etcd: {endpoints: ["http://10.0.0.1:2379"]}`;

/** Reads the text of fleet.yaml. Throws WEIR1602. */
export async function readFleetConfigText(file: string): Promise<string> {
  const reading = await readTextFile(file, MAX_BYTES);
  if ('text' in reading) return reading.text;
  if ('missing' in reading) {
    throw new WeirError('WEIR1602', {
      what: `there is no ${file}`,
      why: 'weir learns from this file where the stores of the regions are',
      hint: `name another with --fleet-config, or begin with this one:\n${MINIMAL}`,
    });
  }
  throw unreadable(file, reading.why);
}

/** Reads the text of a file of objects. Throws WEIR1602. */
export async function readObjectsText(file: string): Promise<string> {
  const reading = await readTextFile(file, MAX_BYTES);
  if ('text' in reading) return reading.text;
  throw unreadable(file, 'missing' in reading ? 'there is no such file' : reading.why);
}

/** Those of the files that are not there. One that may not be looked for is none of them. */
export async function missingOf(files: readonly string[]): Promise<readonly string[]> {
  const areThere = await Promise.all(files.map((file) => exists(file).catch(() => null)));
  return files.filter((_, index) => areThere[index] === false);
}

/** Writes the text of a file. Throws WEIR1602. */
export async function writeText(file: string, text: string): Promise<void> {
  try {
    await writeFile(file, text);
  } catch (error) {
    const why = messageOf(error);
    throw new WeirError('WEIR1602', {
      what: `${file} cannot be written`,
      why,
      hint: 'give a path in a folder that is there',
    });
  }
}

/** Writes files into a folder, which is made; each is replaced at once, so that nobody reads half of one. Throws WEIR1602. */
export async function writeFolder(folder: string, files: Readonly<Record<string, string>>): Promise<void> {
  try {
    await mkdir(folder, { recursive: true });
    for (const [name, text] of Object.entries(files)) {
      await replaceFileDurably(join(folder, name), text, { mode: 0o644 });
    }
  } catch (error) {
    const why = messageOf(error);
    throw new WeirError('WEIR1602', {
      what: `${folder} cannot be written`,
      why,
      hint: 'give a folder that is writable',
    });
  }
}

function unreadable(file: string, why: string): WeirError {
  return new WeirError('WEIR1602', { what: `${file} cannot be read`, why, hint: 'give the path of a readable file' });
}
