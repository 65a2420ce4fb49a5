/** The versions store: pairs of binary and bootstrap on disk. */
import { createHash } from 'node:crypto';
import {
  chmod,
  chown,
  copyFile,
  mkdir,
  readdir,
  readlink,
  realpath,
  rename,
  rm,
  stat,
  symlink,
  utimes,
} from 'node:fs/promises';
import { basename, extname, join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { messageOf } from '../../errors/message-of.ts';
import { WeirError } from '../../errors/weir-error.ts';
import { makeFolder } from '../../platform/make-folder.ts';
import { nullIfMissing } from '../../platform/null-if-missing.ts';
import { readRecordFile, writeRecordFile } from '../../platform/record-file.ts';
import { sha256OfFile } from '../../platform/sha256-of-file.ts';
import type { PairId } from '../machine/sidecar-state.ts';
import type { PairStore, StoredPair } from '../ports.ts';
import { PAIR_FILE } from '../records/sidecar-records.ts';
import { type RunAs, readEnvoyBinary } from './envoy-binary.ts';
import { copyProgram, isScript, markFile } from './stored-file.ts';

/** How many pairs are kept, `current` and `previous` among them. */
const KEPT_PAIRS = 3;

/** The store of a sidecar on disk. */
export interface PairFiles extends PairStore {
  /** The stored pair of two files by their content, without storing it; null when it is not there, or has changed. */
  find(binary: string, bootstrap: string): Promise<StoredPair | null>;
}

/** The pairs of binary and bootstrap under `STATE/sidecars/NAME/versions`; `current` and `previous` are links to them. */
export function openPairStore(dir: string, as: RunAs, gid: number | null): PairFiles {
  const versions = join(dir, 'versions');
  const pathOf = (id: PairId) => join(versions, id);

  async function read(id: PairId): Promise<StoredPair | null> {
    const record = await readRecordFile(PAIR_FILE, join(pathOf(id), 'pair.json'));
    if (record === null) return null;
    const { bootstrapName, mark: _, ...pair } = record;
    return { ...pair, binary: join(pathOf(id), 'envoy'), bootstrap: join(pathOf(id), bootstrapName) };
  }

  /**
   * Why a stored pair has changed since it was stored; null when it has not. The binary is read again only when it has
   * been touched.
   */
  async function problemOf({
    id,
    binary,
    bootstrap,
    binarySha256,
    bootstrapSha256,
  }: StoredPair): Promise<string | null> {
    const mark = (await readRecordFile(PAIR_FILE, join(pathOf(id), 'pair.json')))?.mark ?? null;
    if ((await sha256OfFile(bootstrap)) !== bootstrapSha256) return `${bootstrap} has been changed since it was stored`;
    if (mark !== null && isDeepStrictEqual(mark, await markFile(binary))) return null;
    return (await sha256OfFile(binary)) === binarySha256 ? null : `${binary} has been changed since it was stored`;
  }

  async function identify(binary: string, bootstrap: string) {
    const [binarySha256, bootstrapSha256] = await Promise.all([hashOrExplain(binary), hashOrExplain(bootstrap)]);
    // Another Envoy may stand behind the same script: its version makes it another pair.
    const behind = (await isScript(binary)) ? ` ${JSON.stringify(await readEnvoyBinary(binary, as))}` : '';
    const id = createHash('sha256').update(`${binarySha256} ${bootstrapSha256}${behind}`).digest('hex').slice(0, 12);
    return { id, binarySha256, bootstrapSha256 };
  }

  // An unreadable pair counts as none, and is stored again: the files as given are at hand, and the name is their hash.
  async function intact(id: PairId): Promise<StoredPair | null> {
    const known = await read(id).catch(nullIfDamaged);
    return known !== null && (await problemOf(known)) === null ? known : null;
  }

  async function stage(binary: string, bootstrap: string): Promise<StoredPair> {
    const { id, binarySha256, bootstrapSha256 } = await identify(binary, bootstrap);
    const known = await intact(id);
    if (known !== null) {
      await utimes(pathOf(id), new Date(), new Date());
      return known;
    }
    await makeFolder(versions);
    const work = `${pathOf(id)}.new`;
    try {
      await rm(work, { recursive: true, force: true });
      await mkdir(work, { mode: 0o755 });
      const stored = join(work, 'envoy');
      // A link to a link would follow the name to whatever it points at later, and break if the name is relative.
      const file = await realpath(binary);
      await copyProgram(file, stored);
      const { mode } = await stat(stored);
      if ((mode & 0o111) === 0) throw new Error(`${binary} is not executable`);
      const bootstrapName = `bootstrap${extname(bootstrap) || '.yaml'}`;
      await copyFile(bootstrap, join(work, bootstrapName));
      // It may hold secrets: readable by the sidecar's group and nobody else.
      await chmod(join(work, bootstrapName), 0o640);
      if (gid !== null && process.getuid?.() === 0) await chown(join(work, bootstrapName), 0, gid);
      const { version, hotRestartVersion } = await readEnvoyBinary(binary, as);
      const mark = await markFile(stored);
      const pair = { id, binarySha256, bootstrapSha256, version, hotRestartVersion, bootstrapName, mark };
      await writeRecordFile(PAIR_FILE, join(work, 'pair.json'), pair);
      await rm(pathOf(id), { recursive: true, force: true });
      await rename(work, pathOf(id));
    } catch (error) {
      await rm(work, { recursive: true, force: true }).catch(() => {});
      throw cannotStore(binary, error);
    }
    const pair = await read(id);
    if (pair === null) throw cannotStore(binary, new Error('it vanished'));
    return pair;
  }

  async function pointer(name: string): Promise<PairId | null> {
    const target = await readlink(join(dir, name)).catch(nullIfMissing);
    return target === null ? null : basename(target);
  }

  async function point(name: string, id: PairId): Promise<void> {
    const link = join(dir, `${name}.new`);
    await rm(link, { force: true });
    await symlink(join('versions', id), link);
    await rename(link, join(dir, name));
  }

  return {
    stage,
    find: async (binary, bootstrap) => intact((await identify(binary, bootstrap)).id),
    read,
    problemOf,
    async pointers() {
      return { current: await pointer('current'), previous: await pointer('previous') };
    },
    async settle(current, previous) {
      await point('current', current);
      if (previous !== null) await point('previous', previous);
    },
    async prune(keep) {
      const names = ((await readdir(versions).catch(nullIfMissing)) ?? []).filter((name) => !keep.includes(name));
      const aged = await Promise.all(
        names.map(async (name) => ({ name, mtimeMs: (await stat(pathOf(name)).catch(nullIfMissing))?.mtimeMs ?? 0 })),
      );
      aged.sort((a, b) => b.mtimeMs - a.mtimeMs);
      const room = Math.max(0, KEPT_PAIRS - new Set(keep.filter((id) => id !== null)).size);
      for (const { name } of aged.slice(room)) await rm(pathOf(name), { recursive: true, force: true });
    },
  };
}

async function hashOrExplain(file: string): Promise<string> {
  try {
    return await sha256OfFile(file);
  } catch (error) {
    const missing = (error as NodeJS.ErrnoException).code === 'ENOENT';
    throw new WeirError('WEIR4003', {
      what: missing ? `there is no ${file}` : `${file} cannot be read`,
      why: messageOf(error),
      hint: 'put a file there that weir can read, or name another one',
      cause: error,
    });
  }
}

function cannotStore(binary: string, error: unknown): WeirError {
  return new WeirError('WEIR4003', {
    what: `${binary} and its bootstrap cannot be stored`,
    why: messageOf(error),
    hint: 'look at the room and the rights of the state directory; nothing was changed',
    cause: error,
  });
}

function nullIfDamaged(error: unknown): null {
  if (error instanceof WeirError && error.code === 'WEIR2026') return null;
  throw error;
}
