import { mkdir, mkdtemp, readdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { $ } from 'zx';
import { isInstalled } from './packages.ts';

const NEEDS = 'promtool, needed for tests of metrics';

/** The checker of metrics to call: one in PATH, else the one that `installPromtool` puts into the cache. */
export async function promtoolBinary(): Promise<string> {
  return (await isInstalled('promtool')) ? 'promtool' : join(cacheFolder(), 'promtool');
}

/**
 * Fetches promtool unless it is there; resolves to one line if it stays missing. Debian has it in the package of the
 * server, whose installation would start a Prometheus: so the package is only unpacked.
 */
export async function installPromtool(): Promise<string[]> {
  if (await isInstalled(await promtoolBinary())) return [];
  if (!(await isInstalled('apt-get'))) return [`${NEEDS}: there is no apt-get here to fetch it with`];
  await mkdir(cacheFolder(), { recursive: true });
  const work = await mkdtemp(join(cacheFolder(), 'fetch-'));
  try {
    process.stdout.write('fetching prometheus\n');
    const run = $({ quiet: true, nothrow: true, cwd: work });
    // The lists of packages are made anew only if they do not know it: that takes root.
    let fetched = await run`apt-get download -qq prometheus`;
    if (fetched.exitCode !== 0) {
      await run`apt-get update -qq`;
      fetched = await run`apt-get download -qq prometheus`;
    }
    const archive = (await readdir(work)).find((name) => name.endsWith('.deb'));
    if (archive === undefined) return [`${NEEDS}: ${fetched.stderr.trim().split('\n').at(-1)}`];
    const unpacked = await run`dpkg-deb --extract ${archive} .`;
    if (unpacked.exitCode !== 0) return [`${NEEDS}: ${unpacked.stderr.trim()}`];
    await rename(join(work, 'usr/bin/promtool'), join(cacheFolder(), 'promtool'));
    return [];
  } finally {
    await rm(work, { recursive: true, force: true });
  }
}

function cacheFolder(): string {
  const cache = process.env.WEIR_CACHE_DIR || join(import.meta.dirname, '..', '..', '.cache');
  return join(cache, 'promtool');
}
