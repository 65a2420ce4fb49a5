/** Asks cspell about the words of pages; code in them is left out, terms of the project stand in cspell.json. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { cspellProgram } from '../setup/cspell.ts';

const CONFIG = join(import.meta.dirname, '..', '..', 'cspell.json');
const FLAGS = ['--no-progress', '--no-summary', '--no-color', '--file-list', 'stdin'];

/**
 * A line for each word of `files` (paths below `folder`) that is in no word list, with its place and cspell's suggestion.
 * Rejects when cspell is missing or could not look.
 */
export async function unknownWords(folder: string, files: readonly string[]): Promise<string[]> {
  const program = cspellProgram();
  if (program === undefined) throw new Error('cspell is missing: run `node scripts/setup.ts --only cspell`');
  const child = spawn(process.execPath, [program, 'lint', '--config', CONFIG, '--root', folder, ...FLAGS], {
    cwd: folder,
  });
  // By stdin: a command line has an end. A cspell that is gone early says why by its own output.
  child.stdin.on('error', () => {});
  child.stdin.end(files.map((file) => join(folder, file)).join('\n'));
  const [stdout, stderr, [code, signal]] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    once(child, 'close'),
  ]);
  const lines = stdout.split('\n').filter((line) => line !== '');
  // 0: no unknown words, 1: some; whatever else it ends with, it did not look at everything.
  if ((code === 0 && lines.length === 0) || (code === 1 && lines.length > 0)) {
    return lines.map((line) => line.replaceAll(`${folder}/`, ''));
  }
  throw new Error(`cspell failed (${code ?? signal}): ${stderr.trim()}`);
}
