/** Where the output of an Envoy goes: a file that its own account can open again by /dev/stdout, and from there to weir's stderr. */
import { readdirSync, statSync } from 'node:fs';
import { open, truncate } from 'node:fs/promises';
import { join } from 'node:path';
import { nullIfMissing, valueIfThere } from '../../platform/null-if-missing.ts';

const POLL_MS = 500;
/** A file that has been passed on is emptied beyond this size in bytes. Envoy appends, so that it goes on at the beginning. */
const EMPTY_AT = 4 * 1024 * 1024;
const CHUNK = 256 * 1024;

// An account other than root cannot open the keeper's file again, and no account a socket.
const WRAPPER = 'if : >>"$0"; then exec "$@" >>"$0" 2>&1; fi 2>/dev/null; exec "$@"';

/** The receiver of what Envoys write. */
export interface OutputSink {
  write(chunk: Buffer): unknown;
}

/** Puts a prefix before each line. A line that is not complete waits for its end, up to `CHUNK` bytes. */
export function prefixedOutput(prefix: string, to: OutputSink): OutputSink {
  let rest = Buffer.alloc(0);
  const lead = Buffer.from(prefix);
  return {
    write(chunk) {
      let bytes = rest.length === 0 ? chunk : Buffer.concat([rest, chunk]);
      const lines: Buffer[] = [];
      for (let end = bytes.indexOf(10); end !== -1; end = bytes.indexOf(10)) {
        lines.push(lead, bytes.subarray(0, end + 1));
        bytes = bytes.subarray(end + 1);
      }
      if (bytes.length >= CHUNK) {
        lines.push(lead, bytes, Buffer.from('\n'));
        bytes = bytes.subarray(bytes.length);
      }
      rest = Buffer.from(bytes);
      if (lines.length > 0) to.write(Buffer.concat(lines));
    },
  };
}

/** The file of one process. */
export function outputFile(folder: string, id: number): string {
  return join(folder, `g${id}.said`);
}

/** The words before a program that send its output to a file of its own account. Without that file it runs as it is. */
export function withOwnOutput(file: string): readonly string[] {
  return ['sh', '-c', WRAPPER, file];
}

/**
 * Passes on what the Envoys of a folder write from now on, until the signal: journald and `kubectl logs` have it then, and
 * the file does not grow.
 */
export async function passOutputOn(folder: string, to: OutputSink, signal: AbortSignal): Promise<void> {
  const offsets = new Map<string, number>();
  for (const name of outputs(folder)) offsets.set(name, sizeOf(join(folder, name)));
  while (!signal.aborted) {
    const names = outputs(folder);
    for (const name of [...offsets.keys()]) if (!names.includes(name)) offsets.delete(name);
    for (const name of names) {
      const [file, at] = [join(folder, name), offsets.get(name) ?? 0];
      if (sizeOf(file) === at && at < EMPTY_AT) continue;
      offsets.set(name, await passOn(file, at, to));
    }
    await new Promise((resolve) => setTimeout(resolve, POLL_MS).unref());
  }
}

// The folder is in memory: a look at it, twice a second for ever, is cheaper than the way through the thread pool.
function outputs(folder: string): string[] {
  const names = valueIfThere(() => readdirSync(folder)) ?? [];
  return names.filter((name) => /^g\d+\.said$/.test(name));
}

function sizeOf(file: string): number {
  return valueIfThere(() => statSync(file))?.size ?? 0;
}

/** Resolves to where to go on. */
async function passOn(file: string, from: number, to: OutputSink): Promise<number> {
  const handle = await open(file, 'r').catch(nullIfMissing);
  if (handle === null) return 0;
  try {
    const { size } = await handle.stat();
    let at = size < from ? 0 : from;
    const buffer = Buffer.allocUnsafe(Math.min(CHUNK, Math.max(1, size - at)));
    while (at < size) {
      const { bytesRead } = await handle.read(buffer, 0, buffer.length, at);
      if (bytesRead === 0) break;
      to.write(Buffer.from(buffer.subarray(0, bytesRead)));
      at += bytesRead;
    }
    if (at < EMPTY_AT || sizeOf(file) !== at) return at;
    await truncate(file, 0);
    return 0;
  } finally {
    await handle.close();
  }
}
