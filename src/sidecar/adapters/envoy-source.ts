/** The Envoy binary that `--from` means, and the checksum that lies beside it. */
import { readFile, stat } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { nullIfMissing } from '../../platform/null-if-missing.ts';

/** Where packages and archives have it. */
const PLACES = ['envoy', 'bin/envoy', 'usr/bin/envoy', 'usr/local/bin/envoy', 'envoy/_bin/envoy'] as const;

/** The file itself, or the one binary of a folder. Throws when there is none or more than one. */
export async function envoySource(from: string): Promise<string> {
  const path = resolve(from);
  if (!(await stat(path)).isDirectory()) return path;
  const found: string[] = [];
  for (const place of PLACES) {
    if ((await stat(join(path, place)).catch(nullIfMissing))?.isFile() === true) found.push(join(path, place));
  }
  const [first] = found;
  if (first === undefined) throw new Error(`it has none of ${PLACES.join(', ')}`);
  if (found.length > 1) throw new Error(`it has more than one: ${found.join(', ')}`);
  return first;
}

/** The SHA-256 in `FILE.sha256` or in `SHA256SUMS` beside it, and the file that has it; null when neither names it. */
export async function publishedSha256(file: string): Promise<{ readonly sha256: string; readonly in: string } | null> {
  const name = basename(file);
  for (const [list, mustName] of [
    [`${file}.sha256`, false],
    [join(dirname(file), 'SHA256SUMS'), true],
  ] as const) {
    const text = (await readFile(list, 'utf8').catch(nullIfMissing)) ?? '';
    for (const [, sha256 = '', named] of text.matchAll(/^([0-9a-fA-F]{64})(?:[ \t]+\*?(\S+))?[ \t]*$/gm)) {
      const isMeant = named === undefined ? !mustName : basename(named) === name;
      if (isMeant) return { sha256: sha256.toLowerCase(), in: list };
    }
  }
  return null;
}
