/** settled.json: how a container's start ended, for `weir sidecar wait-settled`. */
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { readRecordFile, writeRecordFile } from '../../platform/record-file.ts';
import type { UpgradeReport } from '../machine/upgrade-report.ts';
import { SETTLED_FILE } from '../records/sidecar-records.ts';
import { type ProcessIdentity, readProcessStat } from './process-identity.ts';

/** The note of a container's supervisor for `weir sidecar wait-settled` in the same container. */
export interface SettledNote {
  /** The replacement of the other container's sidecar; null when there was none. */
  readonly upgrade: UpgradeReport | null;
  /** Why nothing will settle, in the words of the error; null when it has. */
  readonly problem: string | null;
  /** The time of the note in milliseconds since 1970, and the process that wrote it. */
  readonly atMs: number;
  readonly by: ProcessIdentity;
}

const fileOf = (kept: string) => join(kept, 'settled.json');

/** Writes how the start of this container ended. */
export async function noteSettled(
  kept: string,
  { upgrade, problem }: Pick<SettledNote, 'upgrade' | 'problem'>,
): Promise<void> {
  const { startTicks } = (await readProcessStat(process.pid)) ?? { startTicks: '' };
  const note: SettledNote = { upgrade, problem, atMs: Date.now(), by: { pid: process.pid, startTicks } };
  await writeRecordFile(SETTLED_FILE, fileOf(kept), note);
}

/** Removes the note of an earlier run in this container. */
export async function forgetSettled(kept: string): Promise<void> {
  await rm(fileOf(kept), { force: true });
}

/** The note; null when there is none. */
export async function readSettled(kept: string): Promise<SettledNote | null> {
  return readRecordFile(SETTLED_FILE, fileOf(kept));
}
