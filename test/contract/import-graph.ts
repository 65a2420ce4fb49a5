/** The imports of src/, read from the text of the files. */
import { globSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { PROJECT_ROOT } from '../run-weir.ts';

/** One import: both files by their path below src/, a package or a Node module by its name. */
export interface Import {
  readonly from: string;
  readonly to: string;
  /** Gone at run time. */
  readonly isType: boolean;
  /** By `import()`. */
  readonly isLate: boolean;
}

const STATEMENT = /^\s*(?:import|export)\s+(type\s)?(?:[^;'"]*?\sfrom\s+)?'([^']+)'|\bimport\(\s*'([^']+)'\s*\)/gm;

/** All imports of src/, with `planted` files (path below src/ and text) added to it or in place of others. */
export function readImports(planted: Readonly<Record<string, string>> = {}): Import[] {
  const cwd = join(PROJECT_ROOT, 'src');
  const texts = new Map(
    globSync('**/*.{ts,tsx}', { cwd }).map((file) => [file, readFileSync(join(cwd, file), 'utf8')]),
  );
  for (const [file, text] of Object.entries(planted)) texts.set(file, text);
  return [...texts].flatMap(([from, text]) =>
    [...text.matchAll(STATEMENT)].map(([, type, statement, call]) => {
      const name = statement ?? call ?? '';
      return {
        from,
        to: name.startsWith('.') ? join(dirname(from), name) : name,
        isType: type !== undefined,
        isLate: call !== undefined,
      };
    }),
  );
}
