import { runTool } from './exec.ts';

/** Tells systemd (`Type=notify`) a state such as `READY=1`; does nothing without a service manager. Never throws. */
export async function notifyServiceManager(...states: readonly string[]): Promise<void> {
  if (process.env.NOTIFY_SOCKET === undefined) return;
  await runTool(['systemd-notify', `--pid=${process.pid}`, ...states], { timeoutMs: 5_000, reject: false }).catch(
    () => {},
  );
}
