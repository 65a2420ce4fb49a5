/** Runs the tests of a file in a copy of the tree where one operator of that file is flipped. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { Mutant } from './find-mutants.ts';

/** How a mutant ended: a test failed, no test did, or none loads the file. */
export type Fate = 'killed' | 'survived' | 'untested';

/** Milliseconds for the tests of one file; a mutant that loops for ever is a killed one. */
const LIMIT_MS = 60_000;

/** How many test files are asked before the rest, and in all: most mutants die in the nearest one. */
const NEAREST = 2;
const ASKED = 12;

/** A copy of the tree in which files can be broken. */
export class MutantTree {
  readonly #folder = mkdtempSync(join(tmpdir(), 'weir-mutants-'));

  constructor() {
    for (const name of ['src', 'test', 'scripts', 'docs', 'bin', 'sdk', 'package.json', 'tsconfig.json']) {
      cpSync(name, join(this.#folder, name), { recursive: true });
    }
    for (const name of ['node_modules', '.cache', 'dist'])
      symlinkSync(join(process.cwd(), name), join(this.#folder, name));
  }

  /** Tries one mutant on these tests. */
  async try({ file, start, end, replacement }: Mutant, tests: readonly string[]): Promise<Fate> {
    if (tests.length === 0) return 'untested';
    const path = join(this.#folder, file);
    const source = readFileSync(path, 'utf8');
    writeFileSync(path, source.slice(0, start) + replacement + source.slice(end));
    try {
      if (await this.#fails(tests.slice(0, NEAREST))) return 'killed';
      const rest = tests.slice(NEAREST, ASKED);
      return rest.length > 0 && (await this.#fails(rest)) ? 'killed' : 'survived';
    } finally {
      writeFileSync(path, source);
    }
  }

  async #fails(tests: readonly string[]): Promise<boolean> {
    const argv = ['--test', '--test-isolation=none', '--test-force-exit', ...tests];
    const child = spawn('node', argv, { cwd: this.#folder, stdio: 'ignore', detached: true });
    const end = () => child.pid !== undefined && child.exitCode === null && process.kill(-child.pid, 'SIGKILL');
    process.once('exit', end);
    const limit = setTimeout(end, LIMIT_MS);
    const [code] = await once(child, 'close');
    clearTimeout(limit);
    process.removeListener('exit', end);
    return code !== 0;
  }

  remove(): void {
    rmSync(this.#folder, { recursive: true });
  }
}

/** The folder that a file counts for in the table. */
export function folderOf(file: string): string {
  return dirname(file).split('/').slice(0, 3).join('/');
}
