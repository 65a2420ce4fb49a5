/** Finds pictures of the guides that no longer show what the commands print. */
import { existsSync, globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Capture, takeCapture } from './captures.ts';

/**
 * A line for each file of `captures` in `kept` that is missing or differs from a run of now (in `folder`), and for each that
 * is none of them.
 */
export async function staleCaptures(
  root: string,
  folder: string,
  kept: string,
  captures: readonly Capture[],
): Promise<string[]> {
  const faults: string[] = [];
  for (const capture of captures) {
    const { command, name } = capture;
    const file = join(kept, `${name}.svg`);
    const shown = await takeCapture(root, join(folder, name), capture);
    if (existsSync(file) && readFileSync(file, 'utf8') === shown) continue;
    faults.push(`${name}.svg: not what is printed now by ${command} (npm run captures)`);
  }
  const names = new Set(captures.map(({ name }) => `${name}.svg`));
  const left = globSync('*', { cwd: kept }).filter((file) => !names.has(file));
  return [...faults, ...left.map((file) => `${file}: no command makes it`)];
}
