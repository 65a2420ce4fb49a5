/** The snapshot of an agent in its state directory. */
import { constants } from 'node:fs';
import { open } from 'node:fs/promises';
import { dirname } from 'node:path';
import { replaceFileDurably } from '../../platform/durable-file.ts';
import { makeFolder } from '../../platform/make-folder.ts';
import { nullIfMissing } from '../../platform/null-if-missing.ts';
import { damagedRecord, readText, requireRecord } from '../../platform/record.ts';
import { type DiscoverySnapshot, SNAPSHOT, snapshotOf, snapshotText } from '../records/snapshot-record.ts';

/** 100,000 instances have some 60 MB; what is larger is not read at all. */
const MAX_BYTES = 256 * 1024 * 1024;

/**
 * Reads the snapshot; null when there is none. Throws WEIR2025 for one of a newer weir, WEIR2026 for a damaged one, or the
 * error of the file system. The file is left as it is.
 */
export async function readSnapshotFile(path: string): Promise<DiscoverySnapshot | null> {
  const file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK).catch(nullIfMissing);
  if (file === null) return null;
  try {
    const found = await file.stat();
    if (!found.isFile()) throw damagedRecord(SNAPSHOT, path, 'it is no file');
    if (found.size > MAX_BYTES) throw damagedRecord(SNAPSHOT, path, `it has more than ${MAX_BYTES} bytes`);
    return snapshotOf(requireRecord(SNAPSHOT, path, readText(SNAPSHOT, await file.readFile('utf8'))));
  } finally {
    await file.close();
  }
}

/** Replaces the snapshot: a reader, and a machine that loses power, finds the old one or this one. Throws the system's error. */
export async function writeSnapshotFile(path: string, snapshot: DiscoverySnapshot): Promise<void> {
  await makeFolder(dirname(path));
  await replaceFileDurably(path, snapshotText(snapshot), { mode: 0o600 });
}
