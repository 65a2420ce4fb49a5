import { readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { UpgradeReport } from '../../upgrade/upgrade-report.ts';
import { type ProcessIdentity, readProcessStat } from './process-identity.ts';

/** What the supervisor of a container says to `weir sidecar wait-settled` in the same container. */
export interface SettledNote {
  /** How the other container's sidecar was replaced; null when there was none. */
  readonly upgrade: UpgradeReport | null;
  /** Why nothing will settle, in the words of the error; null when it has. */
  readonly problem: string | null;
  /** When it was said, in milliseconds since 1970, and by which process. */
  readonly atMs: number;
  readonly by: ProcessIdentity;
}

const fileOf = (kept: string) => join(kept, 'settled.json');

/** Says how the start of this container ended. */
export async function noteSettled(
  kept: string,
  { upgrade, problem }: Pick<SettledNote, 'upgrade' | 'problem'>,
): Promise<void> {
  const { startTicks } = (await readProcessStat(process.pid)) ?? { startTicks: '' };
  const note: SettledNote = { upgrade, problem, atMs: Date.now(), by: { pid: process.pid, startTicks } };
  await writeFile(`${fileOf(kept)}.new`, JSON.stringify(note));
  await rename(`${fileOf(kept)}.new`, fileOf(kept));
}

/** Takes back what an earlier run in this container said. */
export async function forgetSettled(kept: string): Promise<void> {
  await rm(fileOf(kept), { force: true });
}

/** What was said; null when nothing was. */
export async function readSettled(kept: string): Promise<SettledNote | null> {
  return JSON.parse(await readFile(fileOf(kept), 'utf8').catch(() => 'null'));
}
