/** Flags of V8 that trade speed, which a supervisor does not need, for resident memory (117 -> 83 MB measured on Node 24). */
const LEAN = ['--optimize-for-size', '--max-semi-space-size=1', '--single-threaded-gc'];

/** Starts this very process anew (same pid, same command line) with a lean V8; does nothing when it is lean or cannot. */
export function becomeLean(): void {
  if (process.execve === undefined || process.execArgv.includes('--optimize-for-size')) return;
  const command = [process.execPath, ...process.execArgv, ...LEAN, ...process.argv.slice(1)];
  process.execve(process.execPath, command, process.env);
}
