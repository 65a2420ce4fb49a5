/** Output that a full disk, or a terminal that has gone, does not turn into the end of the process. */
import { writeSync } from 'node:fs';

/** A stream of Node to a file: it is written at once, and Node gives it up for good at its first error. */
interface FileStream extends NodeJS.WriteStream {
  readonly fd: number;
  _write(chunk: Uint8Array | string, encoding: BufferEncoding, done: () => void): void;
}

/** Is told of writes that failed; those of a pipe that nobody reads (EPIPE) are among them. */
export type LostOutput = (error: NodeJS.ErrnoException) => void;

/** Those who want to know, of the streams to files that are written here. */
const files = new WeakMap<NodeJS.WriteStream, Set<LostOutput>>();

/**
 * Makes the process live through writes of this stream that fail. A file is written again as soon as its disk has room.
 * Returns how to listen no more.
 */
export function outliveLostOutput(stream: NodeJS.WriteStream, lost: LostOutput): () => void {
  stream.on('error', lost);
  const told = tellersOf(stream);
  told?.add(lost);
  return () => {
    stream.off('error', lost);
    told?.delete(lost);
  };
}

function tellersOf(stream: NodeJS.WriteStream): Set<LostOutput> | null {
  const known = files.get(stream);
  if (known !== undefined || !isFile(stream)) return known ?? null;
  const told = new Set<LostOutput>();
  files.set(stream, told);
  stream._write = (chunk, encoding, done) => {
    try {
      writeWhole(stream.fd, typeof chunk === 'string' ? Buffer.from(chunk, encoding) : chunk);
    } catch (error) {
      // An error that is given to `done` would be the stream's last word.
      for (const lost of told) lost(error as NodeJS.ErrnoException);
    }
    done();
  };
  return told;
}

// To Node pipes, sockets and terminals are sockets.
function isFile(stream: object): stream is FileStream {
  return !('connecting' in stream) && 'fd' in stream && typeof stream.fd === 'number' && '_write' in stream;
}

function writeWhole(fd: number, bytes: Uint8Array): void {
  for (let written = 0; written < bytes.length; ) written += writeSync(fd, bytes, written);
}
