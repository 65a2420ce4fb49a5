import { constants } from 'node:fs';
import { open, rm, stat } from 'node:fs/promises';

const VERSION_AT = 8;
const FLAGS_AT = 96;
const INITIALIZING = 1;
const SIZE = 104;
const VERSION = 11n;

/** The shared memory of a base-id. Envoy scales the number by ten (source/exe/... options_impl, hot_restart_impl). */
export function sharedMemoryPath(baseId: number): string {
  return `/dev/shm/envoy_shared_memory_${baseId * 10}`;
}

/** What is known of the shared memory before a hot restart. */
export type SharedMemoryState =
  | { readonly kind: 'missing' }
  | { readonly kind: 'unknown-layout'; readonly detail: string }
  | { readonly kind: 'known'; readonly uid: number; readonly mode: number; readonly initializing: boolean };

/** Reads the layout and the flag without changing anything. */
export async function readSharedMemory(baseId: number): Promise<SharedMemoryState> {
  const path = sharedMemoryPath(baseId);
  const file = await open(path, constants.O_RDONLY).catch(() => null);
  if (file === null) return (await stat(path).catch(() => null)) === null ? { kind: 'missing' } : unreadable(path);
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

function unreadable(path: string): SharedMemoryState {
  return { kind: 'unknown-layout', detail: `${path} cannot be read` };
}

/**
 * Clears "previous envoy process is still initializing", which every failed start of a new process leaves set, so that
 * all later ones exit. Only for the exact layout of version 11 (104 bytes on x86_64 and aarch64). The caller sees to it
 * that no process of this base-id is initializing. Resolves to whether the flag is clear now.
 */
export async function clearInitializingFlag(baseId: number): Promise<boolean> {
  const state = await readSharedMemory(baseId);
  if (state.kind !== 'known') return false;
  if (!state.initializing) return true;
  const file = await open(sharedMemoryPath(baseId), constants.O_RDWR).catch(() => null);
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

/** Removes the shared memory of a base-id on which no process lives: Envoy itself never does. */
export async function removeSharedMemory(baseId: number): Promise<void> {
  await rm(sharedMemoryPath(baseId), { force: true });
}
