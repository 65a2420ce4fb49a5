/** Envoy binaries in the versions store of a sidecar, by content: `STATE/sidecars/NAME/binaries/SHA256/envoy`. */
import { chmod, mkdir, open, readdir, realpath, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { reasonOf } from '../../errors/message-of.ts';
import { WeirError } from '../../errors/weir-error.ts';
import { commandLock } from '../../platform/command-lock.ts';
import { runTool } from '../../platform/exec.ts';
import { makeFolder } from '../../platform/make-folder.ts';
import { nullIfMissing } from '../../platform/null-if-missing.ts';
import { readRecordFile, writeRecordFile } from '../../platform/record-file.ts';
import { sha256OfFile } from '../../platform/sha256-of-file.ts';
import { ELF_HEAD_BYTES, judgeElf } from '../envoy/elf-program.ts';
import { BINARY_FILE, type FetchedBinary } from '../records/binary-record.ts';
import type { BinaryStore, StoredBinary } from '../usecases/ports.ts';
import { type RunAs, readEnvoyBinary } from './envoy-binary.ts';
import { copyProgram, markFile } from './stored-file.ts';

/** How many fetched binaries are kept; each takes some 100 MB. */
const KEPT_BINARIES = 5;

/** Opens the store below the state folder of a sidecar. `as` runs a program under the sidecar's account. */
export function openBinaryStore(dir: string, as: RunAs): BinaryStore {
  const folder = join(dir, 'binaries');
  const pathOf = (sha256: string) => join(folder, sha256, 'envoy');

  async function list(): Promise<readonly StoredBinary[]> {
    const names = ((await readdir(folder).catch(nullIfMissing)) ?? []).filter((name) => /^[0-9a-f]{64}$/.test(name));
    const found: StoredBinary[] = [];
    for (const name of names) {
      const record = await readRecordFile(BINARY_FILE, join(folder, name, 'binary.json'));
      if (record !== null) found.push({ ...record, path: pathOf(name) });
    }
    return found.sort((a, b) => b.at.localeCompare(a.at));
  }

  /** The facts of a file that may be fetched. Throws why it may not. */
  async function look(from: string, at: string): Promise<FetchedBinary> {
    const before = await markFile(from);
    const problem = await headProblem(from, before.size);
    if (problem !== null) throw new Error(problem);
    const sha256 = await sha256OfFile(from);
    const [facts, capabilities] = await Promise.all([readEnvoyBinary(from, as), capabilitiesOf(from)]);
    if (facts.problem !== null) throw new Error(`it cannot be run: ${facts.problem}`);
    if (facts.version === null)
      throw new Error('it does not say that it is an Envoy: --version gives no version of Envoy');
    if (!isDeepStrictEqual(before, await markFile(from))) throw new Error('somebody writes to it');
    const { version, hotRestartVersion } = facts;
    return { sha256, version, hotRestartVersion, bytes: before.size, capabilities, at, from };
  }

  /** Puts it there; the name is there only when all of it is. */
  async function put(binary: FetchedBinary): Promise<void> {
    const work = join(folder, `${binary.sha256}.new`);
    await rm(work, { recursive: true, force: true });
    try {
      await mkdir(work, { mode: 0o755 });
      const copy = join(work, 'envoy');
      await copyProgram(binary.from, copy);
      // chmod takes no capability away, chown would.
      await chmod(copy, 0o755);
      await syncFile(copy);
      if ((await sha256OfFile(copy)) !== binary.sha256)
        throw new Error('the copy is not what was read: somebody writes to it');
      const capabilities = await capabilitiesOf(copy);
      if (binary.capabilities !== null && capabilities !== binary.capabilities) {
        throw new Error(`its file capabilities (${binary.capabilities}) cannot be kept in ${folder}`);
      }
      await writeRecordFile(BINARY_FILE, join(work, 'binary.json'), binary);
      await rm(join(folder, binary.sha256), { recursive: true, force: true });
      await rename(work, join(folder, binary.sha256));
    } finally {
      await rm(work, { recursive: true, force: true }).catch(() => {});
    }
  }

  /** Whether what is stored under a hash still has it. */
  async function isSound(sha256: string): Promise<boolean> {
    const found = await stat(pathOf(sha256)).catch(nullIfMissing);
    return found !== null && (await sha256OfFile(pathOf(sha256))) === sha256;
  }

  return {
    list,
    async find(path) {
      return look(await realpath(path), new Date().toISOString());
    },
    isSound,
    async fetch(binary, keep) {
      await makeFolder(folder);
      const lock = await commandLock(folder)('sidecar fetch', 0, () => {}).catch((error: unknown) => {
        if (!(error instanceof WeirError) || error.code !== 'WEIR2021') throw error;
        throw new Error(`another fetch is at work: ${reasonOf(error)}`);
      });
      try {
        await put(binary);
        const kept = (await list()).filter((one) => one.sha256 !== binary.sha256 && one.path !== keep);
        const old = kept.slice(KEPT_BINARIES - 1);
        for (const { sha256 } of old) await rm(join(folder, sha256), { recursive: true, force: true });
        return { path: pathOf(binary.sha256), removed: old.map(({ sha256, version }) => ({ sha256, version })) };
      } finally {
        await lock.release();
      }
    },
    pathOf,
  };
}

async function headProblem(file: string, size: number): Promise<string | null> {
  const handle = await open(file, 'r');
  try {
    if (!(await handle.stat()).isFile()) return 'it is no file';
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(ELF_HEAD_BYTES), 0, ELF_HEAD_BYTES, 0);
    return judgeElf(buffer.subarray(0, bytesRead), size, process.arch);
  } finally {
    await handle.close();
  }
}

/** The capabilities after the file's name, as getcap of libcap 2.66 writes them; null without getcap. */
async function capabilitiesOf(file: string): Promise<string | null> {
  const found = await runTool(['getcap', '--', file], { timeoutMs: 10_000, reject: false }).catch(() => null);
  if (found === null || found.exitCode !== 0) return null;
  return found.stdout.trim().slice(file.length).trim();
}

async function syncFile(path: string): Promise<void> {
  const handle = await open(path, 'r+');
  try {
    await handle.datasync();
  } finally {
    await handle.close();
  }
}
