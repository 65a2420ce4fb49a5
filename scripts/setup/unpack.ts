import { chmod, mkdir, mkdtemp, readdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { $ } from 'zx';
import { isInstalled } from './packages.ts';

/** A program that is taken out of a Debian package, whose installation would start a service. */
export interface UnpackedProgram {
  readonly debianPackage: string;
  /** Its path in the package. */
  readonly path: string;
  /** What cannot run without it. */
  readonly needs: string;
}

/** The program to call: one in PATH, else the one that `unpackProgram` puts into the cache. */
export async function unpackedBinary(name: string): Promise<string> {
  return (await isInstalled(name)) ? name : join(cacheFolder(name), name);
}

/** Fetches the program unless it is there; resolves to one line if it stays missing. */
export async function unpackProgram(name: string, { debianPackage, path, needs }: UnpackedProgram): Promise<string[]> {
  if (await isInstalled(await unpackedBinary(name))) return [];
  const missing = `${name}, needed for ${needs}`;
  if (!(await isInstalled('apt-get'))) return [`${missing}: there is no apt-get here to fetch it with`];
  await mkdir(cacheFolder(name), { recursive: true });
  const work = await mkdtemp(join(cacheFolder(name), 'fetch-'));
  try {
    process.stdout.write(`fetching ${debianPackage}\n`);
    // apt fetches as an account of its own, which has to enter the folder.
    await chmod(work, 0o755);
    const run = $({ quiet: true, nothrow: true, cwd: work });
    // The lists of packages are made anew only if they do not know it: that takes root.
    let fetched = await run`apt-get download -qq ${debianPackage}`;
    if (fetched.exitCode !== 0) {
      await run`apt-get update -qq`;
      fetched = await run`apt-get download -qq ${debianPackage}`;
    }
    const archive = (await readdir(work)).find((file) => file.endsWith('.deb'));
    if (archive === undefined) return [`${missing}: ${fetched.stderr.trim().split('\n').at(-1)}`];
    const unpacked = await run`dpkg-deb --extract ${archive} .`;
    if (unpacked.exitCode !== 0) return [`${missing}: ${unpacked.stderr.trim()}`];
    await rename(join(work, path), join(cacheFolder(name), name));
    return [];
  } finally {
    await rm(work, { recursive: true, force: true });
  }
}

function cacheFolder(name: string): string {
  const cache = process.env.WEIR_CACHE_DIR || join(import.meta.dirname, '..', '..', '.cache');
  return join(cache, name);
}
