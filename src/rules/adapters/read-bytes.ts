/** Reads the bytes of a file that somebody named: of bounded size, and without a wait that nothing could end. */
import { closeSync, constants, openSync, readSync, type Stats } from 'node:fs';
import { open, realpath } from 'node:fs/promises';
import { Socket } from 'node:net';

/**
 * Up to `most + 1` bytes of what lies at a path; one more than `most` means that it holds too much. Rejects with the error of
 * the system, and for a named pipe: a thread that waits there for a writer would keep the process from ending.
 */
export async function readBounded(path: string, info: Stats, most: number): Promise<Buffer> {
  if (info.isFIFO()) return readPipe(path, most);
  if (info.isFile() && info.size > 0) return readWhole(path, info.size, most);
  const file = await open(path);
  try {
    const chunks: Buffer[] = [];
    let size = 0;
    while (size <= most) {
      // A device or a file of /proc says that it is empty, and may have no end.
      const room = Buffer.allocUnsafe(Math.min(most + 1 - size, 64 * 1024));
      const { bytesRead } = await file.read(room, 0, room.length);
      if (bytesRead === 0) break;
      chunks.push(room.subarray(0, bytesRead));
      size += bytesRead;
    }
    return Buffer.concat(chunks);
  } finally {
    await file.close();
  }
}

/** What a file holds that tells its size; without a thread for each step, which costs more than the bytes. */
function readWhole(path: string, told: number, most: number): Buffer {
  const file = openSync(path, 'r');
  try {
    // One byte more than it tells shows its end, unless it grew meanwhile.
    const chunks: Buffer[] = [];
    let room = Buffer.allocUnsafe(Math.min(most, told) + 1);
    let size = 0;
    for (;;) {
      const count = readSync(file, room, 0, room.length, null);
      chunks.push(room.subarray(0, count));
      size += count;
      if (count === 0 || size > most) return Buffer.concat(chunks);
      // A network's file system may give less than is there.
      room = size <= told ? room.subarray(count) : Buffer.allocUnsafe(Math.min(most + 1 - size, 64 * 1024));
    }
  } finally {
    closeSync(file);
  }
}

/** What comes out of a pipe that has its writer, as that of `<(command)` and /dev/stdin; read without a thread that waits. */
async function readPipe(path: string, most: number): Promise<Buffer> {
  const named = await realpath(path).catch((error: NodeJS.ErrnoException) => {
    // The link of a pipe without a name, pipe:[123], leads to no file.
    if (error.code === 'ENOENT') return null;
    throw error;
  });
  if (named !== null) throw new Error('it is a named pipe; use <(command), or /dev/stdin behind a |');
  const fd = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  const socket = new Socket({ fd, readable: true, writable: false });
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of socket) {
    chunks.push(chunk as Buffer);
    size += (chunk as Buffer).length;
    if (size > most) break;
  }
  return Buffer.concat(chunks);
}
