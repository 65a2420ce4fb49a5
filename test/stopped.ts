/** Waits until a process that was told to stop has stopped. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { until } from './until.ts';

/** Resolves when none of its threads runs any more: after SIGSTOP they stop one after another, and until then it may answer. */
export async function untilAllStopped(pid: number | undefined): Promise<void> {
  const threads = `/proc/${pid}/task`;
  await until(`process ${pid} to stop`, async () =>
    readdirSync(threads).every((thread) => /\) T /.test(readFileSync(join(threads, thread, 'stat'), 'utf8'))),
  );
}
