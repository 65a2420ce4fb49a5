/** The pairs of a sidecar for a trial: the store is read, and what it lacks is stored beside it for the time of the trial. */
import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { existingPart } from '../../platform/make-folder.ts';
import type { PairStore } from '../ports.ts';
import type { RunAs } from './envoy-binary.ts';
import { openPairStore } from './versions-store.ts';

/**
 * Gives `use` the pairs under `dir`. A new pair is stored on the same file system, so that room, rights and mount options
 * are those of a real start, and removed when `use` is over.
 */
export async function withTrialPairs<T>(
  { dir, as, gid }: { readonly dir: string; readonly as: RunAs; readonly gid: number | null },
  use: (pairs: PairStore) => Promise<T>,
): Promise<T> {
  const store = openPairStore(dir, as, gid);
  let scratch: { readonly folder: string; readonly pairs: PairStore } | null = null;
  const openScratch = async () => {
    if (scratch !== null) return scratch.pairs;
    const folder = await makeScratch(dir);
    scratch = { folder, pairs: openPairStore(folder, as, gid) };
    return scratch.pairs;
  };
  const refused = () => Promise.reject(new Error('a trial changes nothing'));
  try {
    return await use({
      ...store,
      read: async (id) => (await store.read(id)) ?? (await scratch?.pairs.read(id)) ?? null,
      stage: async (binary, bootstrap) =>
        (await store.find(binary, bootstrap)) ?? (await openScratch()).stage(binary, bootstrap),
      settle: refused,
      prune: refused,
    });
  } finally {
    const { folder } = scratch ?? { folder: null };
    if (folder !== null) await rm(folder, { recursive: true, force: true });
  }
}

async function makeScratch(dir: string): Promise<string> {
  const folder = await mkdtemp(join(await existingPart(dir), '.weir-trial-'));
  await chmod(folder, 0o755);
  return folder;
}
