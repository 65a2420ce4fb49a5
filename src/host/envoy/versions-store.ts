import { createHash } from 'node:crypto';
import {
  chmod,
  chown,
  copyFile,
  link,
  mkdir,
  open,
  readdir,
  readFile,
  readlink,
  realpath,
  rename,
  rm,
  stat,
  symlink,
  utimes,
  writeFile,
} from 'node:fs/promises';
import { basename, extname, join } from 'node:path';
import { WeirError } from '../../errors/weir-error.ts';
import type { PairId } from '../../upgrade/sidecar-state.ts';
import type { PairStore, StoredPair } from '../../usecases/ports/sidecar.ts';
import { makeFolder } from '../make-folder.ts';
import { type RunAs, readEnvoyBinary } from './envoy-binary.ts';

/** How many pairs are kept, `current` and `previous` among them. */
const KEPT_PAIRS = 3;

async function sha256Of(file: string): Promise<string> {
  const hash = createHash('sha256');
  const handle = await open(file, 'r');
  try {
    // One buffer for all of 100 MB: a stream's many would stay in the resident memory of a supervisor that then idles.
    const buffer = Buffer.allocUnsafeSlow(1 << 18);
    for (;;) {
      const { bytesRead } = await handle.read(buffer, 0, buffer.length, null);
      if (bytesRead === 0) return hash.digest('hex');
      hash.update(buffer.subarray(0, bytesRead));
    }
  } finally {
    await handle.close();
  }
}

/** The pairs of binary and bootstrap under `STATE/sidecars/NAME/versions`; `current` and `previous` are links to them. */
export function openPairStore(dir: string, as: RunAs, gid: number | null): PairStore {
  const versions = join(dir, 'versions');
  const pathOf = (id: PairId) => join(versions, id);

  async function read(id: PairId): Promise<StoredPair | null> {
    const text = await readFile(join(pathOf(id), 'pair.json'), 'utf8').catch(() => null);
    if (text === null) return null;
    const { bootstrapName, ...pair } = JSON.parse(text);
    return { ...pair, binary: join(pathOf(id), 'envoy'), bootstrap: join(pathOf(id), bootstrapName) };
  }

  async function stage(binary: string, bootstrap: string): Promise<StoredPair> {
    const [binarySha256, bootstrapSha256] = await Promise.all([hashOrExplain(binary), hashOrExplain(bootstrap)]);
    const id = createHash('sha256').update(`${binarySha256} ${bootstrapSha256}`).digest('hex').slice(0, 12);
    const known = await read(id);
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
      await link(file, stored).catch(() => copyFile(file, stored));
      const { mode } = await stat(stored);
      if ((mode & 0o111) === 0) throw new Error(`${binary} is not executable`);
      const bootstrapName = `bootstrap${extname(bootstrap) || '.yaml'}`;
      await copyFile(bootstrap, join(work, bootstrapName));
      // It may hold secrets: readable by the sidecar's group and nobody else.
      await chmod(join(work, bootstrapName), 0o640);
      if (gid !== null && process.getuid?.() === 0) await chown(join(work, bootstrapName), 0, gid);
      const { version, hotRestartVersion } = await readEnvoyBinary(binary, as);
      const pair = { id, binarySha256, bootstrapSha256, version, hotRestartVersion, bootstrapName };
      await writeFile(join(work, 'pair.json'), `${JSON.stringify(pair)}\n`, { flush: true });
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
    const target = await readlink(join(dir, name)).catch(() => null);
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
    read,
    async pointers() {
      return { current: await pointer('current'), previous: await pointer('previous') };
    },
    async settle(current, previous) {
      await point('current', current);
      if (previous !== null) await point('previous', previous);
    },
    async prune(keep) {
      const names = (await readdir(versions).catch(() => [])).filter((name) => !keep.includes(name));
      const aged = await Promise.all(
        names.map(async (name) => ({ name, mtimeMs: (await stat(pathOf(name)).catch(() => null))?.mtimeMs ?? 0 })),
      );
      aged.sort((a, b) => b.mtimeMs - a.mtimeMs);
      const room = Math.max(0, KEPT_PAIRS - new Set(keep.filter((id) => id !== null)).size);
      for (const { name } of aged.slice(room)) await rm(pathOf(name), { recursive: true, force: true });
    },
  };
}

async function hashOrExplain(file: string): Promise<string> {
  try {
    return await sha256Of(file);
  } catch (error) {
    const missing = (error as NodeJS.ErrnoException).code === 'ENOENT';
    throw new WeirError('WEIR4003', {
      what: missing ? `there is no ${file}` : `${file} cannot be read`,
      why: error instanceof Error ? error.message : String(error),
      hint: 'name the binary and the bootstrap of the sidecar in mesh.yaml, or with --binary and --bootstrap',
      cause: error,
    });
  }
}

function cannotStore(binary: string, error: unknown): WeirError {
  return new WeirError('WEIR4003', {
    what: `${binary} and its bootstrap cannot be stored`,
    why: error instanceof Error ? error.message : String(error),
    hint: 'look at the room and the rights of the state directory; nothing was changed',
    cause: error,
  });
}
