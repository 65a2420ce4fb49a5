/** The file mesh.yaml: read whole, with a limit, as UTF-8. */
import { isUtf8 } from 'node:buffer';
import { constants } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { WeirError } from '../../errors/weir-error.ts';
import { MINIMAL_MESH_YAML } from '../minimal-mesh.ts';

/** The largest mesh.yaml that is read, in bytes. */
export const MAX_CONFIG_BYTES = 1_048_576;

/** Reads the text of mesh.yaml. Throws WEIR1021 (missing), WEIR1022 (not readable), WEIR1023 (too large, not UTF-8). */
export async function readConfigText(file: string): Promise<string> {
  let handle: FileHandle | undefined;
  try {
    // Non-blocking, or opening a named pipe would wait for somebody to write.
    handle = await open(file, constants.O_RDONLY | constants.O_NONBLOCK);
    const stat = await handle.stat();
    if (!stat.isFile()) throw notReadable(file, stat.isDirectory() ? 'it is a directory' : 'it is not a regular file');
    if (stat.size > MAX_CONFIG_BYTES) throw tooLarge(file);
    // One byte more than allowed: the file may grow, and those of /proc say 0.
    const bytes = await readUpTo(handle, MAX_CONFIG_BYTES + 1);
    if (bytes.length > MAX_CONFIG_BYTES) throw tooLarge(file);
    if (!isUtf8(bytes)) throw notUtf8(file, bytes);
    return bytes.toString('utf8');
  } catch (error) {
    if (error instanceof WeirError) throw error;
    throw openFailed(file, error as NodeJS.ErrnoException);
  } finally {
    await handle?.close();
  }
}

async function readUpTo(handle: FileHandle, limit: number): Promise<Buffer> {
  const buffer = Buffer.alloc(limit);
  let length = 0;
  for (;;) {
    const { bytesRead } = await handle.read(buffer, length, limit - length, length);
    length += bytesRead;
    if (bytesRead === 0 || length === limit) return buffer.subarray(0, length);
  }
}

function openFailed(file: string, error: NodeJS.ErrnoException): WeirError {
  if (error.code === 'ENOENT' || error.code === 'ENOTDIR') {
    return new WeirError('WEIR1021', {
      what: `there is no ${file}`,
      why: 'weir learns from this file which apps go through which sidecar',
      hint: `name another with --config, or begin with this one:\n${MINIMAL_MESH_YAML}`,
      cause: error,
    });
  }
  const reasons: Readonly<Record<string, string>> = {
    EACCES: `user ${process.geteuid?.() ?? '?'} has no permission to read it`,
    ELOOP: 'its symbolic links lead in a circle',
    ENAMETOOLONG: 'the path is longer than the kernel takes',
  };
  return notReadable(file, reasons[error.code ?? ''] ?? error.message, error);
}

function notReadable(file: string, why: string, cause?: unknown): WeirError {
  return new WeirError('WEIR1022', {
    what: `${file} cannot be read`,
    why,
    hint: 'give the path of a readable file with --config, or change its owner or mode',
    cause,
  });
}

function tooLarge(file: string): WeirError {
  return new WeirError('WEIR1023', {
    what: `${file} is too large`,
    why: `weir reads at most ${MAX_CONFIG_BYTES / 1_048_576} MiB, some ten thousand apps`,
    hint: 'look whether the path is that of a mesh.yaml',
  });
}

function notUtf8(file: string, bytes: Buffer): WeirError {
  const { line, column } = firstBadByte(bytes);
  return new WeirError('WEIR1023', {
    what: 'the file is not UTF-8 text',
    why: 'a byte here belongs to no UTF-8 character',
    hint: 'save the file as UTF-8 (`file` tells its encoding, `iconv` converts it)',
    location: { file, line, column },
  });
}

/** Where the text stops to be UTF-8; the column counts characters of the line as UTF-16 units. */
function firstBadByte(bytes: Buffer): { line: number; column: number } {
  let line = 1;
  let start = 0;
  for (let end = bytes.indexOf(10); end !== -1 && isUtf8(bytes.subarray(start, end)); end = bytes.indexOf(10, start)) {
    start = end + 1;
    line++;
  }
  const decoder = new TextDecoder('utf-8', { fatal: true });
  let good = 0;
  for (let at = start; at < bytes.length; at++) {
    try {
      good += decoder.decode(bytes.subarray(at, at + 1), { stream: true }).length;
    } catch {
      break;
    }
  }
  return { line, column: good + 1 };
}
