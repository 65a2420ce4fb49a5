import { type FSWatcher, watch } from 'node:fs';
import { open, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Generation } from '../../upgrade/sidecar-state.ts';
import type { LaunchRecord } from '../../usecases/ports/sidecar.ts';
import { envoyComplaint } from './envoy-binary.ts';
import { readKept, readKeptExit, startKept } from './keeper.ts';
import {
  isAlive,
  isStopped,
  type ProcessIdentity,
  residentBytes,
  signalProcess,
  socketInodes,
} from './process-identity.ts';

const HALF_SECOND = 500;

/** What can be asked of the Envoys of one process namespace; ids are those of generations. */
export interface EnvoyProcesses {
  /** The processes that live, oldest first. */
  living(): Promise<readonly LaunchRecord[]>;
  launchOf(id: number): Promise<LaunchRecord | null>;
  signal(id: number, signal: NodeJS.Signals): Promise<boolean>;
  isAlive(id: number): Promise<boolean>;
  isStopped(id: number): Promise<boolean>;
  /** How a process ended, and what it said last. */
  exitDetail(id: number): Promise<string>;
  /** Inode numbers of its sockets; they mean the same in every process namespace. */
  inodes(id: number): Promise<readonly string[]>;
  residentBytes(id: number): Promise<number>;
}

/** The Envoys that this supervisor, or an earlier one in the same process namespace, has started. */
export interface OwnEnvoyProcesses extends EnvoyProcesses {
  knows(id: number): Promise<boolean>;
  /** Starts a process behind a keeper, under the number of its generation. */
  start(launch: Omit<LaunchRecord, 'pid'>, argv: readonly string[]): Promise<LaunchRecord>;
  /** The file into which a process writes its admin address: it tells two Envoys on one address apart. */
  nonceFile(id: number): string;
  ids(): Promise<readonly number[]>;
  /** Removes the files of a process that has ended. */
  forget(id: number): Promise<void>;
  /** Calls back, soon after the fact, whenever some process may have ended. Returns how to stop that. */
  onMaybeExit(callback: () => void): () => void;
}

interface LaunchFile extends Omit<LaunchRecord, 'pid'> {
  readonly logOffset: number;
}

/** Opens the processes whose records lie in `folder`; `logFile` is what all of them log to. */
export function openEnvoyProcesses(folder: string, logFile: string): OwnEnvoyProcesses {
  const identities = new Map<number, ProcessIdentity>();
  const recordOf = (id: number) => join(folder, `g${id}.launch`);

  async function identityOf(id: number): Promise<ProcessIdentity | null> {
    const known = identities.get(id);
    if (known !== undefined) return known;
    const kept = await readKept(folder, `g${id}`);
    if (kept !== null) identities.set(id, kept.identity);
    return kept?.identity ?? null;
  }

  async function withIdentity<T>(id: number, none: T, use: (identity: ProcessIdentity) => Promise<T>): Promise<T> {
    const identity = await identityOf(id);
    return identity === null ? none : use(identity);
  }

  const own: OwnEnvoyProcesses = {
    nonceFile: (id) => join(folder, `g${id}.admin`),
    ids: () => launchIds(folder),
    knows: async (id) => identities.has(id) || (await readLaunch(recordOf(id))) !== null,

    async start(launch, argv) {
      const { id } = launch.generation;
      await own.forget(id);
      const file = await open(logFile, 'r').catch(() => null);
      const logOffset = (await file?.stat())?.size ?? 0;
      await file?.close();
      // Renamed into place: a supervisor killed in between must not leave half a record.
      await writeFile(`${recordOf(id)}.new`, JSON.stringify({ ...launch, logOffset }));
      await rename(`${recordOf(id)}.new`, recordOf(id));
      const kept = await startKept(folder, `g${id}`, argv);
      identities.set(id, kept.identity);
      return { ...launch, pid: kept.identity.pid };
    },

    async launchOf(id) {
      const [launch, identity] = await Promise.all([readLaunch(recordOf(id)), identityOf(id)]);
      if (launch === null || identity === null) return null;
      const { generation, concurrency, drainMs } = launch;
      return { generation, concurrency, drainMs, pid: identity.pid };
    },

    async living() {
      const living: LaunchRecord[] = [];
      for (const id of await launchIds(folder)) {
        const launch = (await own.isAlive(id)) ? await own.launchOf(id) : null;
        if (launch !== null) living.push(launch);
      }
      return living;
    },

    signal: (id, signal) => withIdentity(id, false, (identity) => signalProcess(identity, signal)),
    isAlive: (id) => withIdentity(id, false, isAlive),
    isStopped: (id) => withIdentity(id, false, isStopped),
    residentBytes: (id) => withIdentity(id, 0, ({ pid }) => residentBytes(pid)),
    inodes: (id) =>
      withIdentity(id, [] as readonly string[], async (identity) =>
        (await isAlive(identity)) ? [...(await socketInodes(identity.pid))] : [],
      ),

    async exitDetail(id) {
      const [exit, launch, out] = await Promise.all([
        readKeptExit(folder, `g${id}`),
        readLaunch(recordOf(id)),
        readFile(join(folder, `g${id}.out`), 'utf8').catch(() => ''),
      ]);
      const log = launch === null ? '' : await readFrom(logFile, launch.logOffset);
      const said = exit === null || /signal|code 0$/.test(exit) ? null : envoyComplaint(`${log}\n${out}`);
      return `${exit ?? 'ended'}${said === null ? '' : `, ${said}`}`;
    },

    async forget(id) {
      identities.delete(id);
      const kinds = ['pid', 'exit', 'out', 'launch', 'admin'];
      await Promise.all(kinds.map((kind) => rm(join(folder, `g${id}.${kind}`), { force: true })));
    },

    onMaybeExit(callback) {
      let watcher: FSWatcher | null = null;
      try {
        watcher = watch(folder, (_event, file) => {
          // The keeper writes beside its file first: what it says is known before it is renamed into place.
          if (file !== null && /\.exit(\.new)?$/.test(file)) callback();
        });
        watcher.on('error', () => {});
      } catch {
        // The poll below is enough; the watch only makes it quicker.
      }
      const timer = setInterval(callback, HALF_SECOND);
      return () => {
        watcher?.close();
        clearInterval(timer);
      };
    },
  };
  return own;
}

/** The generations that were ever started and are still on record, in these folders. */
export async function recordedGenerations(folders: readonly string[]): Promise<readonly Generation[]> {
  const generations: Generation[] = [];
  for (const folder of folders) {
    for (const id of await launchIds(folder)) {
      const launch = await readLaunch(join(folder, `g${id}.launch`));
      if (launch !== null) generations.push(launch.generation);
    }
  }
  return generations;
}

async function launchIds(folder: string): Promise<number[]> {
  const names = await readdir(folder).catch(() => []);
  const ids = names.map((file) => Number(/^g(\d+)\.launch$/.exec(file)?.[1] ?? Number.NaN));
  return ids.filter(Number.isInteger).sort((a, b) => a - b);
}

async function readLaunch(path: string): Promise<LaunchFile | null> {
  const text = await readFile(path, 'utf8').catch(() => null);
  return text === null ? null : JSON.parse(text);
}

async function readFrom(file: string, offset: number): Promise<string> {
  const handle = await open(file, 'r').catch(() => null);
  if (handle === null) return '';
  try {
    const { size } = await handle.stat();
    const start = size < offset ? 0 : offset;
    const bytes = Buffer.alloc(Math.min(size - start, 256 * 1024));
    await handle.read(bytes, 0, bytes.length, start);
    return bytes.toString('utf8');
  } finally {
    await handle.close();
  }
}
