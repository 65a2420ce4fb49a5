/** weir where every account can run it. */
import { cpSync, existsSync } from 'node:fs';
import { join } from 'node:path';
import { PROJECT_ROOT } from '../../run-weir.ts';
import { isOpenToAll, openToAll } from './open-to-all.ts';

/** The files of the package: they need no node_modules. */
const PACKAGE = ['package.json', 'bin', 'dist', 'oclif.manifest.json'];

/**
 * The words that start weir for an account of no rights: Node and the entry of the package. Copies go into `folder`
 * where the account could not enter the folders that they lie in, such as a clone in the home of root.
 */
export function weirForAll(folder: string): readonly [string, string] {
  const node = openToAll(process.execPath, folder);
  const entry = 'bin/run.js';
  if (isOpenToAll(join(PROJECT_ROOT, entry))) return [node, join(PROJECT_ROOT, entry)];
  for (const part of PACKAGE) {
    const copy = join(folder, 'package', part);
    if (!existsSync(copy)) cpSync(join(PROJECT_ROOT, part), copy, { recursive: true, dereference: true });
  }
  return [node, join(folder, 'package', entry)];
}
