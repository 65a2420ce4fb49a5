/** Builds the site: its sources into a passing folder, then mdBook. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { mdbookBinary } from '../setup/mdbook.ts';

/** A passing folder that is removed with `using`. */
export function passingFolder(name: string): { readonly path: string } & Disposable {
  const path = mkdtempSync(join(tmpdir(), `weir-${name}-`));
  return { path, [Symbol.dispose]: () => rmSync(path, { recursive: true, force: true }) };
}

/** Builds the sources in `folder` into `out`; resolves to what mdBook warns of. Throws when mdBook is missing or fails. */
export function buildSite(folder: string, out: string): string[] {
  const mdbook = mdbookBinary();
  if (mdbook === undefined) throw new Error('mdbook is missing: run `node scripts/setup.ts --only mdbook`');
  const done = spawnSync(mdbook, ['build', folder, '--dest-dir', out], { encoding: 'utf8' });
  if (done.status !== 0) throw new Error(`mdbook failed (${done.status ?? done.error}): ${done.stderr ?? ''}`);
  return done.stderr.split('\n').filter((line) => /^ *(WARN|ERROR)/.test(line));
}
