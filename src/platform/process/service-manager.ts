/** Messages to systemd by sd_notify(3). */
import { runTool } from '../exec.ts';

let last: Promise<void> = Promise.resolve();

/** Tells it after everything that was told before, and does not wait. */
export function queueNotice(states: readonly string[]): void {
  last = last.then(() => notifyServiceManager(...states));
}

/** Resolves when everything that was queued has been told. */
export function noticesTold(): Promise<void> {
  return last;
}

/** Tells systemd (`Type=notify`) a state such as `READY=1`; does nothing without a service manager. Never throws. */
export async function notifyServiceManager(...states: readonly string[]): Promise<void> {
  if (process.env.NOTIFY_SOCKET === undefined) return;
  await runTool(['systemd-notify', `--pid=${process.pid}`, ...states], { timeoutMs: 5_000, reject: false }).catch(
    () => {},
  );
}
