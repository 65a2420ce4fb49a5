/** Capabilities of this process and its rights on folders, for `weir check`. */
import { access, constants, readFile, stat, statfs } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { exists } from '../exists.ts';

/** The rights of the process that runs weir. */
export interface RightsFacts {
  readonly uid: number;
  /** Effective capabilities that matter here, by their names without `CAP_`. */
  readonly capabilities: ReadonlySet<'NET_ADMIN' | 'SYS_ADMIN' | 'SETUID' | 'SETGID' | 'DAC_OVERRIDE'>;
}

/** Whether weir can keep files in a folder, which need not exist yet. */
export interface FolderFact {
  readonly path: string;
  readonly state: 'writable' | 'missing' | 'read-only' | 'not-permitted' | 'not-a-folder';
  /** Bytes that are left to unprivileged users on its file system. */
  readonly freeBytes: number;
}

/** Bit numbers of capabilities (linux/capability.h). */
const CAPABILITY_BITS = [
  ['DAC_OVERRIDE', 1],
  ['SETGID', 6],
  ['SETUID', 7],
  ['NET_ADMIN', 12],
  ['SYS_ADMIN', 21],
] as const;

/** User and effective capabilities of this process. */
export async function readRights(): Promise<RightsFacts> {
  const status = await readFile('/proc/self/status', 'utf8');
  const mask = BigInt(`0x${/^CapEff:\s*([0-9a-f]+)/m.exec(status)?.[1] ?? '0'}`);
  const held = CAPABILITY_BITS.filter(([, bit]) => (mask >> BigInt(bit)) % 2n === 1n);
  return { uid: process.geteuid?.() ?? 0, capabilities: new Set(held.map(([name]) => name)) };
}

/** Whether files can be kept in a folder, or could be once it is made. Nothing is written to find out. */
export async function readFolder(path: string): Promise<FolderFact> {
  const existing = await nearestExisting(resolve(path));
  const [info, room] = await Promise.all([stat(existing), statfs(existing)]);
  const freeBytes = room.bavail * room.bsize;
  if (!info.isDirectory()) return { path, state: 'not-a-folder', freeBytes };
  const refusal = await access(existing, constants.W_OK).then(
    () => null,
    (error: NodeJS.ErrnoException) => error.code,
  );
  if (refusal === 'EROFS') return { path, state: 'read-only', freeBytes };
  if (refusal !== null) return { path, state: 'not-permitted', freeBytes };
  return { path, state: existing === resolve(path) ? 'writable' : 'missing', freeBytes };
}

/** The folder in which a missing one would be made. */
async function nearestExisting(path: string): Promise<string> {
  return path === dirname(path) || (await exists(path)) ? path : nearestExisting(dirname(path));
}
