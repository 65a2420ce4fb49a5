/** Finds pictures of the guides that no longer show what the commands print. */
import { existsSync, globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { CAPTURES, takeCapture } from './captures.ts';

/** A line for each capture in `kept` that is missing, differs from a run of now (in `folder`), or belongs to no command. */
export async function staleCaptures(root: string, folder: string, kept: string): Promise<string[]> {
  const faults: string[] = [];
  for (const capture of CAPTURES) {
    const { command, name } = capture;
    const file = join(kept, `${name}.svg`);
    const shown = await takeCapture(root, join(folder, name), capture);
    if (existsSync(file) && readFileSync(file, 'utf8') === shown) continue;
    faults.push(`${name}.svg: not what is printed now by ${command} (npm run captures)`);
  }
  const names = new Set(CAPTURES.map(({ name }) => `${name}.svg`));
  const left = globSync('*', { cwd: kept }).filter((file) => !names.has(file));
  return [...faults, ...left.map((file) => `${file}: no command makes it`)];
}
