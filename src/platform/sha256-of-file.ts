/** The hash by which a binary or another large file is known. */
import { createHash } from 'node:crypto';
import { open } from 'node:fs/promises';

/** The SHA-256 of a file in hexadecimal digits. */
export async function sha256OfFile(path: string): Promise<string> {
  const hash = createHash('sha256');
  const handle = await open(path, 'r');
  try {
    // One buffer for all of 100 MB: a stream's many would stay in the resident memory of a supervisor that then idles.
    const buffer = Buffer.allocUnsafeSlow(1 << 18);
    for (;;) {
      const { bytesRead } = await handle.read(buffer, 0, buffer.length, null);
      if (bytesRead === 0) return hash.digest('hex');
      hash.update(buffer.subarray(0, bytesRead));
    }
  } finally {
    await handle.close();
  }
}
