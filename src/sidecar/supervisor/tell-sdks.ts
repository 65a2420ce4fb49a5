/** The notices to RPC SDKs when an old Envoy begins to drain. */
import type { Generation } from '../machine/sidecar-state.ts';
import type { Supervised } from './supervised.ts';

/** Notices run side by side within this time. */
const BUDGET_MS = 1800;

/** Tells the RPC SDKs to stop using the old process's connections. A failure is a warning. */
export async function tellSdks(
  sidecar: Supervised,
  { old, serving, drainEndMs }: { readonly old: Generation; readonly serving: Generation; readonly drainEndMs: number },
): Promise<void> {
  const { host, clock, specs, name } = sidecar;
  const deadlineMs = Math.max(0, Math.round(drainEndMs - clock.monotonic()));
  const body = { sidecar: name, event: 'drain', epoch: old.epoch, newEpoch: serving.epoch, deadlineMs };
  const notices = await host.notify(specs.of(serving.id), body, BUDGET_MS);
  sidecar.job?.note({ fact: 'notices', notices });
  const failed = notices.filter(({ ok }) => !ok);
  for (const { role, adapter, detail } of failed) sidecar.warn(`the ${role} notice (${adapter}) failed: ${detail}`);
  sidecar.dispatch({ type: 'notices-done', id: old.id });
}
