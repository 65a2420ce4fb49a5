/** Whether a process exists, also one of another user. A zombie counts: its number is not free yet. */
export function isProcessAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    // EPERM: it is another user's. Only ESRCH says that there is none.
    return (error as NodeJS.ErrnoException).code !== 'ESRCH';
  }
}
