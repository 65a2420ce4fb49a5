/** The difference between "not there", "may not look" and "cannot tell", for errors of files and processes. */

/** ENOENT and ENOTDIR: no such file. ESRCH: no such process, as files of /proc say when it ends while it is read. */
const MISSING = new Set(['ENOENT', 'ENOTDIR', 'ESRCH']);

/** The system's codes for "you may not look". */
const FORBIDDEN = new Set(['EACCES', 'EPERM']);

/** The system's codes that say nothing about what was looked at: no right, no room, no descriptor, a broken disk. */
const REFUSALS = new Set([
  ...[...FORBIDDEN, 'EROFS'],
  ...['EMFILE', 'ENFILE', 'ENOMEM', 'ENOBUFS', 'EAGAIN', 'ENOSPC', 'EDQUOT'],
  ...['EIO', 'ENODEV', 'ENXIO', 'ESTALE'],
]);

/** Whether a code of the system says nothing about the thing that was looked at. */
export function saysNothing(code: string): boolean {
  return REFUSALS.has(code);
}

/** Whether the system refused a call: neither a bug of weir, nor an answer about the thing that was looked at. */
export function isRefusedBySystem(thrown: unknown): thrown is NodeJS.ErrnoException {
  if (!(thrown instanceof Error) || !('syscall' in thrown)) return false;
  const { code, syscall } = thrown as NodeJS.ErrnoException;
  // A temporary folder is made where TMPDIR says: whatever is wrong with that place is not weir's.
  return syscall === 'mkdtemp' || saysNothing(code ?? '');
}

/** Whether an error says that this process may not look; that lasts, while every other error may not. */
export function isForbidden(error: unknown): boolean {
  return error instanceof Error && FORBIDDEN.has((error as NodeJS.ErrnoException).code ?? '');
}

/** Null for an error that says that this process may not look; throws every other one. */
export function nullIfForbidden(error: unknown): null {
  if (isForbidden(error)) return null;
  throw error;
}

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
