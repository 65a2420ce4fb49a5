/** Envoy's shared memory between hot restarts: its flag and its removal. */
import { constants } from 'node:fs';
import { type FileHandle, open, rm } from 'node:fs/promises';
import { nullIfMissing } from '../../platform/null-if-missing.ts';

// Envoy's `struct SharedMemory` (source/server/hot_restart_impl.h): size_, version_, two pthread mutexes, flags_.
const VERSION_AT = 8;
const FLAGS_AT = 96;
/** SHMEM_FLAGS_INITIALIZING of the same file. */
const INITIALIZING = 1;
const SIZE = 104;
/** HOT_RESTART_VERSION of the same file. */
const VERSION = 11n;

/** The shared memory of a base-id. Envoy scales the number by ten (source/exe/... options_impl, hot_restart_impl). */
export function sharedMemoryPath(baseId: number): string {
  return `/dev/shm/envoy_shared_memory_${baseId * 10}`;
}

/** The state of the shared memory before a hot restart. */
export type SharedMemoryState =
  | { readonly kind: 'missing' }
  | { readonly kind: 'unknown-layout'; readonly detail: string }
  | { readonly kind: 'known'; readonly uid: number; readonly mode: number; readonly initializing: boolean };

/** Reads the layout and the flag without changing anything. */
export async function readSharedMemory(baseId: number): Promise<SharedMemoryState> {
  const path = sharedMemoryPath(baseId);
  let file: FileHandle | null;
  try {
    file = await open(path, constants.O_RDONLY).catch(nullIfMissing);
  } catch (error) {
    return { kind: 'unknown-layout', detail: `it cannot be read: ${(error as Error).message}` };
  }
  if (file === null) return { kind: 'missing' };
  try {
    const bytes = Buffer.alloc(SIZE + 1);
    const { bytesRead } = await file.read(bytes, 0, SIZE + 1, 0);
    const { uid, mode } = await file.stat();
    const size = bytes.readBigUInt64LE(0);
    const version = bytes.readBigUInt64LE(VERSION_AT);
    if (bytesRead !== SIZE || size !== BigInt(SIZE) || version !== VERSION) {
      return { kind: 'unknown-layout', detail: `size ${size}, version ${version}, file of ${bytesRead} bytes` };
    }
    return { kind: 'known', uid, mode: mode & 0o777, initializing: ((bytes[FLAGS_AT] ?? 0) & INITIALIZING) !== 0 };
  } finally {
    await file.close();
  }
}

/**
 * Clears "previous envoy process is still initializing". Every failed start of a new process leaves this flag set, so
 * that all later ones exit. Works only on the exact layout of version 11 (104 bytes on x86_64 and aarch64). The caller
 * ensures that no process of this base-id is initializing. Resolves to whether the flag is clear now.
 */
export async function clearInitializingFlag(baseId: number): Promise<boolean> {
  const state = await readSharedMemory(baseId);
  if (state.kind !== 'known') return false;
  if (!state.initializing) return true;
  const file = await open(sharedMemoryPath(baseId), constants.O_RDWR).catch(nullIfMissing);
  if (file === null) return false;
  try {
    const byte = Buffer.alloc(1);
    await file.read(byte, 0, 1, FLAGS_AT);
    await file.write(Buffer.of((byte[0] ?? 0) & ~INITIALIZING), 0, 1, FLAGS_AT);
    return true;
  } finally {
    await file.close();
  }
}

/** Removes the shared memory of a base-id without a running process: Envoy itself never does. */
export async function removeSharedMemory(baseId: number): Promise<void> {
  await rm(sharedMemoryPath(baseId), { force: true });
}
