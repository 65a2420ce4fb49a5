/** Reads whether chrony or systemd-timesyncd keeps the wall clock. */
import { readFile } from 'node:fs/promises';
import { runTool } from '../../platform/exec.ts';
import { exists } from '../../platform/exists.ts';
import type { ClockFacts } from '../ports.ts';

/**
 * The folder of systemd-timesyncd; `synchronized` appears in it when the clock was set (systemd-timesyncd.service(8)).
 */
const TIMESYNC_FOLDER = '/run/systemd/timesync';
const CHRONY_PID = '/run/chrony/chronyd.pid';
const TIMEOUT_MS = 3000;

/** The wall clock and the service that keeps it right, as far as the host tells without a network request. */
export async function readClock(run = runTool): Promise<ClockFacts> {
  const nowMs = Date.now();
  // The folder of chrony may be closed to other users. chrony is there then, and only it can tell more.
  if ((await exists(CHRONY_PID).catch(nullIfDenied)) !== false)
    return { nowMs, isSynchronised: await asksChrony(run), by: 'chrony' };
  if (await exists(TIMESYNC_FOLDER)) {
    return { nowMs, isSynchronised: await exists(`${TIMESYNC_FOLDER}/synchronized`), by: 'systemd-timesyncd' };
  }
  return { nowMs, isSynchronised: null, by: null };
}

/** Null when chrony does not answer: it may listen only to other users. */
async function asksChrony(run: typeof runTool): Promise<boolean | null> {
  const pid = await readFile(CHRONY_PID, 'utf8').catch(nullIfDenied);
  if (pid !== null && !(await exists(`/proc/${pid.trim()}`))) return false;
  const result = await run(['chronyc', '-n', 'tracking'], { timeoutMs: TIMEOUT_MS, reject: false }).catch(() => null);
  return result === null || result.exitCode !== 0 ? null : /^Leap status\s*: Normal$/m.test(result.stdout);
}

function nullIfDenied(error: NodeJS.ErrnoException): null {
  if (error.code === 'EACCES') return null;
  throw error;
}
