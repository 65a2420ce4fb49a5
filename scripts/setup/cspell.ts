import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';

const MANIFESTS = join(import.meta.dirname, 'cspell');

/** The spell checker's program for Node; undefined before `installCspell`. */
export function cspellProgram(): string | undefined {
  const program = join(cacheFolder(), 'node_modules', 'cspell', 'bin.mjs');
  return existsSync(program) ? program : undefined;
}

/** Installs cspell by its own lock file unless it is there; resolves to one line if it stays missing. */
export async function installCspell(): Promise<string[]> {
  if (cspellProgram() !== undefined) return [];
  process.stdout.write('fetching cspell\n');
  const folder = cacheFolder();
  mkdirSync(join(folder, '..'), { recursive: true });
  const work = mkdtempSync(join(folder, '..', 'fetch-'));
  try {
    for (const file of ['package.json', 'package-lock.json']) cpSync(join(MANIFESTS, file), join(work, file));
    const args = ['ci', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error'];
    const done = spawnSync('npm', args, { cwd: work, encoding: 'utf8' });
    if (done.status !== 0) {
      return [
        `cspell, needed to check the spelling: npm failed: ${(done.stderr ?? String(done.error)).trim().split('\n').at(-1)}`,
      ];
    }
    // Renamed last: another run of this script never sees half of it.
    rmSync(folder, { recursive: true, force: true });
    renameSync(work, folder);
    return [];
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

/** Named by the lock file: another version goes to another place. */
function cacheFolder(): string {
  const cache = process.env.WEIR_CACHE_DIR || join(import.meta.dirname, '..', '..', '.cache');
  const lock = createHash('sha256')
    .update(readFileSync(join(MANIFESTS, 'package-lock.json')))
    .digest('hex');
  return join(cache, 'cspell', lock.slice(0, 12));
}
