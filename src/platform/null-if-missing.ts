/** The difference between "not there" and "cannot tell", for errors of files and processes. */

/** ENOENT and ENOTDIR: no such file. ESRCH: no such process, as files of /proc say when it ends while it is read. */
const MISSING = new Set(['ENOENT', 'ENOTDIR', 'ESRCH']);

/**
 * Null for an error that says that the thing is not there; throws every other one, such as EACCES or EMFILE, which says
 * nothing about the thing. For `readFile(path).catch(nullIfMissing)`.
 */
export function nullIfMissing(error: unknown): null {
  if (error instanceof Error && MISSING.has((error as NodeJS.ErrnoException).code ?? '')) return null;
  throw error;
}

/** The same for a synchronous read: its value, or null when nothing is there. Throws every other error. */
export function valueIfThere<T>(look: () => T): T | null {
  try {
    return look();
  } catch (error) {
    return nullIfMissing(error);
  }
}
