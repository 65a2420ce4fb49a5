/** The folder of an application's rules on disk, and the address by which Dubbo knows this host. */
import { readdir, readFile, stat } from 'node:fs/promises';
import { networkInterfaces } from 'node:os';
import { join } from 'node:path';
import { messageOf } from '../../errors/message-of.ts';
import { WeirError } from '../../errors/weir-error.ts';

/** Files of a folder that are larger are none that weir wrote, in bytes. */
const LARGEST = 16 * 1_048_576;

/** The plans and documents of a folder by name. Throws WEIR6021 (exit 2) for one that cannot be read. */
export async function readRuleFiles(folder: string): Promise<ReadonlyMap<string, string>> {
  const files = new Map<string, string>();
  try {
    for (const name of (await readdir(folder)).toSorted()) {
      if (!name.endsWith('.plan.json') && !name.endsWith('.envoy.yaml')) continue;
      const path = join(folder, name);
      const { size } = await stat(path);
      if (size > LARGEST) throw new Error(`${path} has ${size} bytes, more than ${LARGEST}`);
      files.set(name, await readFile(path, 'utf8'));
    }
  } catch (error) {
    throw new WeirError('WEIR6021', {
      ...{ what: `the rules in ${folder} cannot be read`, why: messageOf(error), cause: error },
      hint: 'name the folder that `weir rules convert --target envoy --out` wrote, or take `rules` out of mesh.yaml',
    });
  }
  return files;
}

/** The address of this host where it has one alone: of several, Dubbo picks by rules of its own. Null: not known. */
export function ownAddress(): string | null {
  const found = Object.values(networkInterfaces())
    .flatMap((addresses) => addresses ?? [])
    .filter(({ internal, family }) => !internal && family === 'IPv4')
    .map(({ address }) => address);
  return found.length === 1 ? (found[0] ?? null) : null;
}

/** A text that differs when a file of the folder does; null for a folder that cannot be read. */
export async function ruleFolderVersion(folder: string): Promise<string | null> {
  try {
    const names = (await readdir(folder)).filter((name) => name.endsWith('.plan.json') || name.endsWith('.envoy.yaml'));
    const files = names.toSorted().map(async (name) => {
      const { mtimeMs, size, ino } = await stat(join(folder, name));
      return `${name} ${mtimeMs} ${size} ${ino}`;
    });
    return (await Promise.all(files)).join('\n');
  } catch {
    // Reading it says why; here it is only not the same as before.
    return null;
  }
}
