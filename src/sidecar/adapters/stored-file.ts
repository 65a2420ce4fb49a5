/** Files of the versions store: copies that nobody else writes to, and the look whether one is still what was stored. */
import { constants, copyFile, open, stat } from 'node:fs/promises';
import { WeirError } from '../../errors/weir-error.ts';
import { runTool } from '../../platform/exec.ts';

/** A mark that changes when somebody writes to a file or puts another one in its place. */
export interface FileMark {
  readonly ino: number;
  readonly size: number;
  readonly ctimeMs: number;
}

/** The mark of a file now. */
export async function markFile(path: string): Promise<FileMark> {
  const { ino, size, ctimeMs } = await stat(path);
  return { ino, size, ctimeMs };
}

/**
 * Copies a program with its file capabilities; some file systems share the blocks. A hard link is never used: a program
 * that writes the original in place (scp, curl -o) would also write the copy. Throws what `runTool` throws for a cp that
 * is there and was not run: a copy without capabilities may not serve.
 */
export async function copyProgram(from: string, to: string, run = runTool): Promise<void> {
  const copied = await run(['cp', '--reflink=auto', '--preserve=mode,xattr', '--', from, to], {
    timeoutMs: 120_000,
    reject: false,
  }).catch((error: unknown) => {
    if (error instanceof WeirError && error.code === 'WEIR2001') return null;
    throw error;
  });
  // A cp that knows neither option, or no cp: then without capabilities.
  if (copied?.exitCode !== 0) await copyFile(from, to, constants.COPYFILE_FICLONE);
}

/** Whether the first bytes name an interpreter: another file runs then, which may change behind the same script. */
export async function isScript(path: string): Promise<boolean> {
  const handle = await open(path, 'r');
  try {
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(2), 0, 2, 0);
    return bytesRead === 2 && buffer.toString('latin1') === '#!';
  } finally {
    await handle.close();
  }
}
