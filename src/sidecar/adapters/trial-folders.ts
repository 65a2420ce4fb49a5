/** The folders of a sidecar for a trial: those that a start would make are there for its time. */
import { rm } from 'node:fs/promises';
import { firstMissing } from '../../platform/make-folder.ts';
import { requireFolders } from './sidecar-folders.ts';

/**
 * Makes the missing run folder by `prepare` while `use` runs, since Envoy opens its logs there when it checks a bootstrap.
 * What was made is removed, unless `isTaken` says that somebody has begun to use it. Folders that are there stay as they are.
 * Throws WEIR2022 or WEIR2023 where a start could not make them.
 */
export async function withTrialFolders<T>(
  {
    run,
    state,
    prepare,
    isTaken,
  }: {
    readonly run: string;
    readonly state: string;
    readonly prepare: () => Promise<void>;
    readonly isTaken: () => Promise<boolean>;
  },
  use: () => Promise<T>,
): Promise<T> {
  await requireFolders(run, state);
  const [missingRun, missingState] = await Promise.all([firstMissing(run), firstMissing(state)]);
  if (missingRun === null) return use();
  try {
    await prepare();
    return await use();
  } finally {
    if (!(await isTaken())) {
      for (const made of [missingRun, missingState])
        if (made !== null) await rm(made, { recursive: true, force: true });
    }
  }
}
