import { access, readFile } from 'node:fs/promises';
import type { ClockFacts } from '../usecases/ports/host-facts.ts';
import { runTool } from './exec.ts';

/** What systemd-timesyncd keeps; `synchronized` appears in it when the clock was set (systemd-timesyncd.service(8)). */
const TIMESYNC_FOLDER = '/run/systemd/timesync';
const CHRONY_PID = '/run/chrony/chronyd.pid';
const TIMEOUT_MS = 3000;

/** The wall clock and who keeps it right, as far as a host tells without being asked over the network. */
export async function readClock(run = runTool): Promise<ClockFacts> {
  const nowMs = Date.now();
  if (await exists(CHRONY_PID)) return { nowMs, isSynchronised: await asksChrony(run), by: 'chrony' };
  if (await exists(TIMESYNC_FOLDER)) {
    return { nowMs, isSynchronised: await exists(`${TIMESYNC_FOLDER}/synchronized`), by: 'systemd-timesyncd' };
  }
  return { nowMs, isSynchronised: null, by: null };
}

/** Null when chrony does not say: it may listen only to other users. */
async function asksChrony(run: typeof runTool): Promise<boolean | null> {
  const pid = (await readFile(CHRONY_PID, 'utf8')).trim();
  if (!(await exists(`/proc/${pid}`))) return false;
  const result = await run(['chronyc', '-n', 'tracking'], { timeoutMs: TIMEOUT_MS, reject: false }).catch(() => null);
  return result === null || result.exitCode !== 0 ? null : /^Leap status\s*: Normal$/m.test(result.stdout);
}

async function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}
