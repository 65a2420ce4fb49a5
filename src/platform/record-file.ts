/** Files that hold one document of weir's. */
import { closeSync, constants, fstatSync, openSync, readFileSync, type Stats } from 'node:fs';
import { open, rename, rm, writeFile } from 'node:fs/promises';
import { nullIfMissing } from './null-if-missing.ts';
import {
  damagedRecord,
  type OwnKind,
  type RecordKind,
  type RecordReading,
  readOwnText,
  readText,
  recordText,
  requireRecord,
} from './record.ts';

/** No document of weir's is as large, in bytes; what is larger is not read at all. */
const MAX_BYTES = 4 * 1024 * 1024;

/**
 * Reads the document in a file; null when there is none, which `missing` decides. Throws WEIR2025, WEIR2026, or the error
 * of the file system.
 */
export async function readRecordFile<T>(
  kind: RecordKind<T>,
  path: string,
  missing: (error: unknown) => null = nullIfMissing,
): Promise<T | null> {
  const text = await readBounded(kind, path, missing);
  return text === null ? null : requireRecord(kind, path, readText(kind, text));
}

/**
 * The same for a file that is read again and again, by commands that somebody waits for: a text that is as it was before is
 * not understood anew. It is read at once, which takes a tenth of a millisecond; by the threads of Node's promises each of
 * its six steps waits for its turn on a busy machine, and a command reads it four times.
 */
export function recordReader<T>(
  kind: OwnKind<T>,
  path: string,
  missing: (error: unknown) => null = nullIfMissing,
): () => Promise<T | null> {
  let last: { readonly text: string; readonly reading: RecordReading<T> } | null = null;
  return async () => {
    const text = readAtOnce(kind, path, missing);
    if (text === null) return null;
    if (last?.text !== text) last = { text, reading: await readOwnText(kind, text) };
    return requireRecord(kind, path, last.reading);
  };
}

/** A kind as far as the error for what is no file of it needs it. */
type Refused = Parameters<typeof damagedRecord>[0];

/** Not to wait for somebody who writes, should it be a pipe. */
const OPEN_FLAGS = constants.O_RDONLY | constants.O_NONBLOCK;

async function readBounded(kind: Refused, path: string, missing: (error: unknown) => null): Promise<string | null> {
  const file = await open(path, OPEN_FLAGS).catch(missing);
  if (file === null) return null;
  try {
    refuseOther(kind, path, await file.stat());
    return await file.readFile('utf8');
  } finally {
    await file.close();
  }
}

function readAtOnce(kind: Refused, path: string, missing: (error: unknown) => null): string | null {
  let file: number;
  try {
    file = openSync(path, OPEN_FLAGS);
  } catch (error) {
    return missing(error);
  }
  try {
    refuseOther(kind, path, fstatSync(file));
    return readFileSync(file, 'utf8');
  } finally {
    closeSync(file);
  }
}

/** Throws for what is no file, or one that is larger than any document. */
function refuseOther(kind: Refused, path: string, found: Stats): void {
  if (!found.isFile()) throw damagedRecord(kind, path, 'it is no file');
  if (found.size > MAX_BYTES) throw damagedRecord(kind, path, `it has ${found.size} bytes, more than ${MAX_BYTES}`);
}

/** Writes the document beside the file and renames it into place: a reader sees the old one or the new one, whole. */
export async function writeRecordFile<T extends object>(kind: RecordKind<T>, path: string, value: T): Promise<void> {
  const work = `${path}.new`;
  try {
    await writeFile(work, `${recordText(kind, value)}\n`, { flush: true });
    await rename(work, path);
  } catch (error) {
    await rm(work, { force: true }).catch(() => {});
    throw error;
  }
}
