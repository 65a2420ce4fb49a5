/** Text files that people write: read whole, with a limit, as UTF-8. */
import { isUtf8 } from 'node:buffer';
import { constants } from 'node:fs';
import { open } from 'node:fs/promises';

/** The text, or why there is none: a clause. */
export type TextReading = { readonly text: string } | { readonly missing: true } | { readonly why: string };

/** Reads a file of at most `maxBytes`. Never throws. */
export async function readTextFile(path: string, maxBytes: number): Promise<TextReading> {
  try {
    // Non-blocking, or opening a named pipe would wait for somebody to write.
    const file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK);
    try {
      const stat = await file.stat();
      if (!stat.isFile()) return { why: stat.isDirectory() ? 'it is a directory' : 'it is not a regular file' };
      if (stat.size > maxBytes) return { why: `it has more than ${maxBytes} bytes` };
      const bytes = await file.readFile();
      return isUtf8(bytes) ? { text: bytes.toString('utf8') } : { why: 'it is not UTF-8 text' };
    } finally {
      await file.close();
    }
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    return code === 'ENOENT' || code === 'ENOTDIR' ? { missing: true } : { why: message };
  }
}
