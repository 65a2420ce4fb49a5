/** The Envoy processes of a sidecar and their records on disk. */
import { type FSWatcher, watch } from 'node:fs';
import { open, readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { WeirError } from '../../errors/weir-error.ts';
import { isForbidden, nullIfMissing } from '../../platform/null-if-missing.ts';
import { readRecordFile, writeRecordFile } from '../../platform/record-file.ts';
import type { Generation } from '../machine/sidecar-state.ts';
import { type LaunchRecord, UNTOLD_END } from '../ports.ts';
import { LAUNCH_FILE } from '../records/sidecar-records.ts';
import { envoyComplaint } from './envoy-binary.ts';
import { isKeeperThere, readKept, readKeptExit, startKept } from './keeper.ts';
import { outputFile } from './own-output.ts';
import {
  anonymousBytes,
  isAlive,
  isStillSocket,
  isStopped,
  type ProcessIdentity,
  readZombieEnd,
  setOomPoints,
  signalProcess,
  socketDescriptors,
} from './process-identity.ts';
import { socketsAsAccount } from './sockets-as-account.ts';

/** The poll for ended processes, in milliseconds, where the file watch reports nothing. */
const HALF_SECOND = 500;
/** Records of processes that have ended are kept for this many: an Envoy that cannot start would leave thousands a day. */
const KEPT_RECORDS = 8;
/** Of 1000, which is all memory there is: it goes before a process that is by half of that larger. */
const EXPENDABLE_POINTS = 500;
/** Looks for the word of a keeper, 5 ms apart: a process that nobody replaces yet must not wait for longer. */
const EXIT_TRIES = 12;

/** The questions about the Envoys of one process namespace; ids are those of generations. */
export interface EnvoyProcesses {
  /** The running processes, oldest first. */
  living(): Promise<readonly LaunchRecord[]>;
  launchOf(id: number): Promise<LaunchRecord | null>;
  signal(id: number, signal: NodeJS.Signals): Promise<boolean>;
  isAlive(id: number): Promise<boolean>;
  isStopped(id: number): Promise<boolean>;
  /** See `SidecarHost.exitDetail`. */
  exitDetail(id: number): Promise<string>;
  /** Inode numbers of its sockets, which mean the same in every process namespace. Throws when they cannot be looked at. */
  inodes(id: number): Promise<readonly string[]>;
  anonymousBytes(id: number): Promise<number>;
}

/** The Envoys that this supervisor, or an earlier one in the same process namespace, has started. */
export interface OwnEnvoyProcesses extends EnvoyProcesses {
  knows(id: number): Promise<boolean>;
  /** Starts a process behind a keeper, under the number of its generation. */
  start(launch: Omit<LaunchRecord, 'pid'>, argv: readonly string[]): Promise<LaunchRecord>;
  /** The file into which a process writes its admin address: it tells two Envoys on one address apart. */
  nonceFile(id: number): string;
  ids(): Promise<readonly number[]>;
  /** Whether the kernel, for want of memory, is to end it before others of the sidecar. */
  setExpendable(id: number, isExpendable: boolean): Promise<void>;
  /** Removes the files of all but the newest processes that have ended. */
  tidy(): Promise<void>;
  /** Removes the files of a process that has ended. */
  forget(id: number): Promise<void>;
  /** Whether a process has ended and nobody is left who will say how. */
  isOver(id: number): Promise<boolean>;
  /** Whether one of these sockets, by their inode numbers, has been closed; null where that cannot be told. */
  hasClosed(id: number, inodes: readonly string[]): boolean | null;
  /** Calls back, soon after the fact, whenever some process may have ended. Returns how to stop that. */
  onMaybeExit(callback: () => void): () => void;
}

/** Opens the processes whose records lie in `folder`; `logFile` is what all of them log to. */
export function openEnvoyProcesses(folder: string, logFile: string): OwnEnvoyProcesses {
  const identities = new Map<number, ProcessIdentity>();
  /** Records of starts, which never change: the supervisor asks for them several times a second. */
  const launches = new Map<number, LaunchRecord>();
  /** The links of the sockets of processes, as they were when they were asked for last. */
  const links = new Map<number, ReadonlyMap<string, string>>();
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

  /** How a process ended, as its keeper says, or the kernel before the keeper has asked it. Null: nobody has said. */
  async function endOf(id: number): Promise<string | null> {
    const [kept, zombie] = await Promise.all([
      readKeptExit(folder, `g${id}`),
      withIdentity(id, null, (identity) => readZombieEnd(identity)),
    ]);
    return kept ?? zombie;
  }

  /** The keeper says it some milliseconds after the kernel shows the end; the cause is worth that wait. */
  async function exitSoon(id: number): Promise<string | null> {
    for (let tries = 0; tries < EXIT_TRIES; tries++) {
      // A keeper that is gone has said its word before.
      const isAwaited = await isKeeperThere(folder, `g${id}`);
      const end = await endOf(id);
      if (end !== null || !isAwaited) return end;
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    return null;
  }

  async function socketsOf(id: number, pid: number): Promise<ReadonlySet<string>> {
    try {
      const descriptors = socketDescriptors(pid);
      links.set(id, descriptors);
      return new Set(descriptors.keys());
    } catch (error) {
      if (!isForbidden(error)) throw error;
      const spec = (await readRecordFile(LAUNCH_FILE, recordOf(id)))?.spec ?? null;
      const seen = spec === null ? null : await socketsAsAccount(pid, spec);
      if (seen === null) throw error;
      return seen;
    }
  }

  const own: OwnEnvoyProcesses = {
    nonceFile: (id) => join(folder, `g${id}.admin`),
    ids: () => launchIds(folder),
    knows: async (id) => identities.has(id) || (await launchIds(folder)).includes(id),

    async start(launch, argv) {
      const { id } = launch.generation;
      await own.forget(id);
      const file = await open(logFile, 'r').catch(nullIfMissing);
      const logOffset = (await file?.stat())?.size ?? 0;
      await file?.close();
      await writeRecordFile(LAUNCH_FILE, recordOf(id), { ...launch, logOffset });
      const kept = await startKept(folder, `g${id}`, argv);
      identities.set(id, kept.identity);
      return { ...launch, pid: kept.identity.pid };
    },

    async launchOf(id) {
      const known = launches.get(id);
      if (known !== undefined) return known;
      const [launch, identity] = await Promise.all([readRecordFile(LAUNCH_FILE, recordOf(id)), identityOf(id)]);
      if (launch === null || identity === null) return null;
      const { generation, concurrency, drainMs, spec } = launch;
      const found = { generation, concurrency, drainMs, spec, pid: identity.pid };
      launches.set(id, found);
      return found;
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
    anonymousBytes: (id) => withIdentity(id, 0, ({ pid }) => anonymousBytes(pid)),
    inodes: (id) =>
      withIdentity(id, [] as readonly string[], async (identity) =>
        (await isAlive(identity)) ? [...(await socketsOf(id, identity.pid))] : [],
      ),

    setExpendable: (id, isExpendable) =>
      withIdentity(id, undefined, (identity) => setOomPoints(identity, isExpendable ? EXPENDABLE_POINTS : 0)),

    async exitDetail(id) {
      const [exit, launch, out] = await Promise.all([
        exitSoon(id),
        // A process without a record counts as dead; only its last output is missing.
        readRecordFile(LAUNCH_FILE, recordOf(id)).catch(() => null),
        readFile(outputFile(folder, id), 'utf8').catch(nullIfMissing),
      ]);
      const log = launch === null ? '' : await readFrom(logFile, launch.logOffset);
      const said = exit === null || /signal|code 0$/.test(exit) ? null : envoyComplaint(`${log}\n${out ?? ''}`);
      return `${exit ?? UNTOLD_END}${said === null ? '' : `, ${said}`}`;
    },

    async tidy() {
      const ids = await launchIds(folder);
      for (const id of ids.slice(0, -KEPT_RECORDS)) if (!(await own.isAlive(id))) await own.forget(id);
    },

    async isOver(id) {
      if (await own.isAlive(id)) return false;
      const isAwaited = await isKeeperThere(folder, `g${id}`);
      return !isAwaited || (await readKeptExit(folder, `g${id}`)) !== null;
    },

    hasClosed(id, inodes) {
      const known = links.get(id);
      if (known === undefined || inodes.length === 0) return null;
      return inodes.some((inode) => {
        const link = known.get(inode);
        return link === undefined || !isStillSocket(link, inode);
      });
    },

    async forget(id) {
      launches.delete(id);
      links.delete(id);
      identities.delete(id);
      const kinds = ['pid', 'exit', 'out', 'said', 'launch', 'admin'];
      await Promise.all(kinds.map((kind) => rm(join(folder, `g${id}.${kind}`), { force: true })));
    },

    onMaybeExit(callback) {
      let watcher: FSWatcher | null = null;
      try {
        watcher = watch(folder, (_event, file) => {
          // The file is made at the start of a process and written at its end.
          if (file?.endsWith('.exit') === true) callback();
        });
        watcher.on('error', () => {});
      } catch {
        // The poll below suffices; the watch only reacts faster.
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

/** A process that was ever started and is still on record; `variant` null: its record cannot be read. */
export interface RecordedStart {
  readonly id: number;
  readonly variant: Generation['variant'] | null;
}

/** The processes that were ever started and are still on record, in these folders. */
export async function recordedStarts(folders: readonly string[]): Promise<readonly RecordedStart[]> {
  const starts: RecordedStart[] = [];
  for (const folder of folders) {
    for (const id of await launchIds(folder)) {
      const launch = await readRecordFile(LAUNCH_FILE, join(folder, `g${id}.launch`)).catch(unreadable);
      if (launch === 'unreadable') starts.push({ id, variant: null });
      else if (launch !== null) starts.push({ id, variant: launch.generation.variant });
    }
  }
  return starts;
}

/** A record that is damaged or of a later weir says nothing but its number; what the system refuses is thrown. */
function unreadable(error: unknown): 'unreadable' {
  if (error instanceof WeirError) return 'unreadable';
  throw error;
}

async function launchIds(folder: string): Promise<number[]> {
  const names = (await readdir(folder).catch(nullIfMissing)) ?? [];
  const ids = names.map((file) => Number(/^g(\d+)\.launch$/.exec(file)?.[1] ?? Number.NaN));
  return ids.filter(Number.isInteger).sort((a, b) => a - b);
}

async function readFrom(file: string, offset: number): Promise<string> {
  const handle = await open(file, 'r').catch(nullIfMissing);
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
